import { execFile } from 'node:child_process';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Credentials, Rancher, RancherServer } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { answerJson, listen, rancherError } from './support/loopback.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0).toReversed()) await closable.close();
});

interface Connected {
  readonly rancher: RancherServer;
  readonly project: Rancher;
  readonly url: string;
  /** `METHOD path?query` of every request that arrived. */
  readonly requests: string[];
  readonly headers: IncomingMessage['headers'][];
}

async function connect(answer: RequestListener, credentials?: Credentials): Promise<Connected> {
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = await listen((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    headers.push(request.headers);
    answer(request, response);
  });
  const rancher = connectRancher({ url: server.url, ...(credentials === undefined ? {} : { credentials }) });
  open.push(server, rancher);
  return { rancher, project: rancher.project('1a5'), url: server.url, requests, headers };
}

function page(ids: readonly string[], next: string | null): object {
  return { type: 'collection', data: ids.map((id) => ({ id, type: 'service' })), pagination: { next } };
}

function markerOf(request: IncomingMessage): string | null {
  return new URL(request.url ?? '', 'http://any').searchParams.get('marker');
}

function offsetOf(request: IncomingMessage): number {
  return Number(markerOf(request)?.slice(1) ?? 0);
}

/** Two of `rows`, as Rancher cuts them: the marker is an offset. */
function pageOf(rows: readonly string[], request: IncomingMessage): object {
  const to = offsetOf(request) + 2;
  return page(rows.slice(to - 2, to), to < rows.length ? `/?limit=2&marker=m${String(to)}` : null);
}

const answerService = (_: IncomingMessage, response: ServerResponse): void =>
  answerJson(response, 200, { id: '1s5', type: 'service', scale: 3, unheardOf: { kept: [1] } });

describe('rancher/server', () => {
  it('reads a resource whole, whatever fields it has', async () => {
    const { project, requests } = await connect(answerService);

    const service = await project.services.read('1s5');

    expect(service).toEqual({ id: '1s5', type: 'service', scale: 3, unheardOf: { kept: [1] } });
    expect(requests).toEqual(['GET /v2-beta/projects/1a5/services/1s5']);
  });

  it('calls each operation as Rancher spells it', async () => {
    const { project, requests } = await connect(answerService);

    await project.services.create({ name: 'a' });
    await project.services.update('1s5', { scale: 1 });
    await project.services.action('1s5', 'finishupgrade');
    await project.genericObjects.remove('1go7');
    await project
      .collection('hostTemplates')
      .read('1ht1')
      .catch(() => {});

    expect(requests).toEqual([
      'POST /v2-beta/projects/1a5/services',
      'PUT /v2-beta/projects/1a5/services/1s5',
      'POST /v2-beta/projects/1a5/services/1s5?action=finishupgrade',
      'DELETE /v2-beta/projects/1a5/genericobjects/1go7',
      'GET /v2-beta/projects/1a5/hosttemplates/1ht1',
    ]);
  });

  it('does not take service 1s5 for 1h5, though Rancher does', async () => {
    const { project, requests } = await connect(answerService);

    await expect(project.services.read('1h5')).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
    await expect(project.services.update('1h5', { scale: 9 })).rejects.toMatchObject({
      code: 'RANCHER_NOT_FOUND',
      details: { applied: 'no' },
    });
    expect(requests).toEqual(['GET /v2-beta/projects/1a5/services/1h5']);
  });

  it.each(['', '1s', 's5', '1s5/../../1a6', '1s5?x=1', '..', '%2e%2e', '1s5#', '1S5', '2s5', '1a!-1', '1s5 '])(
    'refuses the id %j without a call',
    async (id) => {
      const { rancher, project, requests } = await connect(answerService);

      await expect(project.services.read(id)).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
      await expect(project.services.remove(id)).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
      await expect(rancher.project(id).readProject()).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
      await expect(rancher.project(id).services.list()).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
      expect(requests).toEqual([]);
    },
  );

  it('refuses a collection, a schema or an action that would alter the path', async () => {
    const { project, requests } = await connect(answerService);
    const notFound = expect.objectContaining({ code: 'RANCHER_NOT_FOUND' }) as unknown;

    await expect(project.collection('../projects').list()).rejects.toEqual(notFound);
    await expect(project.readSchema('service/..')).rejects.toEqual(notFound);
    await expect(project.services.action('1s5', 'upgrade&x=1')).rejects.toEqual(notFound);
    expect(requests).toEqual([]);
  });

  it('takes an answer that is no resource as in doubt after a write', async () => {
    const { project } = await connect((_, response) => answerJson(response, 200, ['surprise']));

    await expect(project.services.update('1s5', {})).rejects.toMatchObject({
      code: 'RANCHER_UNAVAILABLE',
      details: { applied: 'unknown' },
    });
    await expect(project.services.read('1s5')).rejects.toMatchObject({ code: 'RANCHER_UNAVAILABLE' });
  });

  it('passes what Rancher says about a write on', async () => {
    const { project } = await connect((_, response) =>
      answerJson(response, 422, rancherError(422, 'MinLimitExceeded', 'scale')),
    );

    await expect(project.services.update('1s5', { scale: -1 })).rejects.toMatchObject({
      code: 'RANCHER_REJECTED',
      details: { applied: 'no', rancherStatus: 422, rancherCode: 'MinLimitExceeded', fieldName: 'scale' },
    });
  });

  describe('lists', () => {
    it('follow every page, on our own server, under the spelling Rancher gives', async () => {
      const next = 'http://internal-name:8080/v2-beta/projects/1a5/services?&limit=2&marker=m2&kind=x#top';
      const { project, requests } = await connect((request, response) =>
        answerJson(response, 200, markerOf(request) === null ? page(['1s1', '1s2'], next) : page(['1s2', '1s3'], null)),
      );

      const services = await project.services.list();

      expect(services.map(({ id }) => id)).toEqual(['1s1', '1s2', '1s3']);
      expect(requests).toEqual([
        'GET /v2-beta/projects/1a5/services?limit=1000',
        'GET /v2-beta/projects/1a5/services?&limit=2&marker=m1&kind=x',
      ]);
    });

    it.each([
      ['the first row', 0],
      ['the last row of a page', 1],
    ])('lack nothing when %s goes between two pages', async (_, gone) => {
      const rows = ['1s1', '1s2', '1s3', '1s4', '1s5'];
      const { project, requests } = await connect((request, response) => {
        answerJson(response, 200, pageOf(rows, request));
        if (rows.length === 5) rows.splice(gone, 1);
      });

      const listed = (await project.services.list()).map(({ id }) => id);

      expect(listed).toEqual(rows);
      // Two in vain, and the list of four once more.
      expect(requests).toHaveLength(2 + 3);
    });

    it('lack nothing when something is added between two pages, and are read once', async () => {
      const rows = ['1s1', '1s2', '1s3'];
      const { project, requests } = await connect((request, response) => {
        answerJson(response, 200, pageOf(rows, request));
        if (rows.length === 3) rows.push('1s4');
      });

      expect((await project.services.list()).map(({ id }) => id)).toEqual(['1s1', '1s2', '1s3', '1s4']);
      expect(requests).toHaveLength(3);
    });

    it('give up when they do not keep still', async () => {
      const rows = Array.from({ length: 100 }, (_, at) => `1s${String(at)}`);
      const { project, requests } = await connect((request, response) => {
        answerJson(response, 200, pageOf(rows, request));
        rows.shift();
      });

      await expect(project.services.list()).rejects.toMatchObject({ code: 'RANCHER_UNAVAILABLE' });
      expect(requests).toHaveLength(6);
    });

    it('encode filter values', async () => {
      const { project, requests } = await connect((_, response) => answerJson(response, 200, page([], null)));

      await project.genericObjects.list({ key_like: 'abc%&limit=1 ü+' });

      expect(requests).toEqual([
        'GET /v2-beta/projects/1a5/genericobjects?limit=1000&key_like=abc%25%26limit%3D1%20%C3%BC%2B',
      ]);
    });

    it.each([
      ['repeat a page', (): object => page(['1s1'], '?marker=m1')],
      [
        'never end',
        (offset: number): object =>
          page([`1s${String(offset)}`, `1s${String(offset + 1)}`], `?marker=m${String(offset + 2)}`),
      ],
    ])('give up when the pages %s', async (_, answer) => {
      const { project, requests } = await connect((request, response) =>
        answerJson(response, 200, answer(offsetOf(request))),
      );

      await expect(project.services.list()).rejects.toMatchObject({
        code: 'RANCHER_UNAVAILABLE',
        message: expect.stringContaining('do not end') as unknown,
      });
      expect(requests.length).toBeLessThanOrEqual(200);
    });

    const row = { id: '1s1', type: 'service' };
    it.each([
      [null],
      [{}],
      [{ data: [{ id: 5 }] }],
      [{ data: [row], pagination: { next: 7 } }],
      [{ data: [row], pagination: { next: '?limit=1000' } }],
      [{ data: [row], pagination: { next: '?marker=zzz' } }],
      [{ data: [row], pagination: { next: '?marker=m0' } }],
      [{ data: [], pagination: { next: '?marker=m5' } }],
    ])('refuse %j, which cannot be read to its end', async (body) => {
      const { project } = await connect((_, response) => answerJson(response, 200, body));

      await expect(project.services.list()).rejects.toMatchObject({ code: 'RANCHER_UNAVAILABLE' });
    });
  });

  describe('credentials', () => {
    it.each<[string, Credentials, object]>([
      ['a key pair', { accessKey: 'key', secretKey: 'sécret' }, { authorization: 'Basic a2V5OnPDqWNyZXQ=' }],
      ['a caller’s own header', { authorization: 'Bearer abc' }, { authorization: 'Bearer abc' }],
      [
        'a browser’s cookies',
        { cookie: 'token=abc; CSRF=x', csrf: 'x' },
        { cookie: 'token=abc; CSRF=x', 'x-api-csrf': 'x' },
      ],
    ])('may be %s', async (_, credentials, expected) => {
      const { project, headers } = await connect(answerService, credentials);

      await project.services.read('1s5');

      expect(headers[0]).toMatchObject({ ...expected, 'x-api-no-challenge': 'true', accept: 'application/json' });
    });

    it('of somebody else are used for his calls only', async () => {
      const { rancher, project, headers } = await connect(answerService, { authorization: 'ours' });

      await rancher.project('1a5', { authorization: 'his' }).services.read('1s5');
      await project.services.read('1s5');

      expect(headers.map(({ authorization }) => authorization)).toEqual(['his', 'ours']);
    });

    it('that would add a header are refused without a call', async () => {
      const { rancher, requests } = await connect(answerService);
      const caller = rancher.project('1a5', { authorization: 'abc\r\nX-API-Project-Id: 1a6' });

      await expect(caller.services.read('1s5')).rejects.toMatchObject({ code: 'RANCHER_UNAUTHORIZED' });
      expect(requests).toEqual([]);
    });

    it('do not follow a redirect to another host', async () => {
      const { project, requests } = await connect((_, response) => {
        response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' });
        response.end();
      });

      await expect(project.services.read('1s5')).rejects.toMatchObject({ code: 'RANCHER_UNAVAILABLE' });
      expect(requests).toHaveLength(1);
    });
  });

  it('tells whose key it holds', async () => {
    const headers = { 'X-API-ACCOUNT-ID': '1a18', 'X-API-ACCOUNT-KIND': 'project' };
    const { rancher, requests } = await connect((_, response) =>
      answerJson(response, 200, { id: 'v2-beta', type: 'apiVersion' }, headers),
    );

    expect(await rancher.identify()).toEqual({ accountId: '1a18', accountKind: 'project' });
    expect(requests).toEqual(['GET /v2-beta']);
  });

  it('does not take a server for Rancher that names no account', async () => {
    const { rancher } = await connect((_, response) => answerJson(response, 200, {}));

    await expect(rancher.identify()).rejects.toMatchObject({ code: 'RANCHER_UNAVAILABLE' });
  });

  it('reads projects and schemas', async () => {
    const { rancher, project, requests } = await connect((request, response) => {
      if (request.url?.includes('/schemas/') === true) {
        answerJson(response, 200, { id: 'service', type: 'schema', resourceMethods: ['GET'] });
      } else if (request.url?.endsWith('/1a5') === true) answerJson(response, 200, { id: '1a5', type: 'project' });
      else answerJson(response, 200, { data: [{ id: '1a5', type: 'project' }], pagination: null });
    });

    expect(await project.readProject()).toEqual({ id: '1a5', type: 'project' });
    expect(await project.readSchema('service')).toMatchObject({ resourceMethods: ['GET'] });
    expect(await rancher.listProjects()).toHaveLength(1);
    expect(requests).toEqual([
      'GET /v2-beta/projects/1a5',
      'GET /v2-beta/projects/1a5/schemas/service',
      'GET /v2-beta/projects?limit=1000',
    ]);
  });

  it('leaves nothing open when closed: the process ends by itself', async () => {
    const { url, requests } = await connect(answerService);
    const program = `
      import { connectRancher } from ${JSON.stringify(new URL('../../src/rancher/server.ts', import.meta.url).href)};
      const server = connectRancher({ url: ${JSON.stringify(url)} });
      const project = server.project('1a5');
      await project.services.read('1s5');
      await project.services.update('1s5', {});
      project.changes().watch({ onChange() {}, onResync() {} });
      await server.close();
      server.project('1a5').changes().watch({ onChange() {}, onResync() {} });
      console.log(await project.services.read('1s5').catch((error) => error.code));
    `;

    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 10_000,
    });

    expect(stdout.trim()).toBe('RANCHER_UNAVAILABLE');
    expect(requests.slice(0, 2)).toEqual([
      'GET /v2-beta/projects/1a5/services/1s5',
      'PUT /v2-beta/projects/1a5/services/1s5',
    ]);
  });
});
