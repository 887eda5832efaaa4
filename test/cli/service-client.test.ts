import { afterEach, describe, expect, it } from '@jest/globals';
import { createServiceClient } from '../../src/cli/client/service-client.ts';
import { startFakeServer, type Answer, type FakeServer, type SeenCall } from './support/fake-service.ts';
import { runCli } from './support/run-cli.ts';

const servers: FakeServer[] = [];
async function serve(answer: (call: SeenCall) => Answer): Promise<FakeServer> {
  const server = await startFakeServer(answer);
  servers.push(server);
  return server;
}

describe('cli/client/service-client', () => {
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  it('follows pages by their query alone, so that the key goes nowhere else', async () => {
    const server = await serve(({ query }) =>
      query['cursor'] === undefined
        ? {
            body: {
              data: [1, 2],
              pagination: { next: 'http://elsewhere.example/v1-webhooks/executions?cursor=b&projectId=1a5' },
            },
          }
        : { body: { data: [3], pagination: { next: null } } },
    );

    const client = createServiceClient({ url: server.url, projectId: '1a5' });

    expect(await client.list('/executions', { outcome: 'scaled' })).toEqual([1, 2, 3]);
    expect(server.calls.map(({ query }) => query)).toEqual([
      { projectId: '1a5', outcome: 'scaled' },
      { projectId: '1a5', cursor: 'b' },
    ]);
    expect(await client.list('/executions', {}, 1)).toEqual([1]);
  });

  it.each([
    ['http://127.0.0.1:1', 'nothing answers at http://127.0.0.1:1 (ECONNREFUSED)'],
    ['ftp://127.0.0.1', 'is not an http or https address'],
  ])('says in one line that %s cannot be reached', async (url, said) => {
    const { exitCode, err } = await runCli(['receivers', 'list', '--url', url, '--project', '1a5']);

    expect(exitCode).toBeGreaterThan(0);
    expect(err).toContain(said);
    expect(err).not.toContain('\n');
  });

  it('says how to give a key when the service asks for one', async () => {
    const server = await serve(() => ({
      status: 401,
      body: { message: 'who are you', detail: 'send a key', code: 'UNAUTHORIZED' },
    }));

    const { exitCode, err } = await runCli(['receivers', 'list', '--url', server.url, '--project', '1a5']);

    expect(exitCode).toBe(1);
    expect(err).toBe(
      'receiver-hooks: who are you; give --access-key and --secret-key, or set CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY (401, UNAUTHORIZED)',
    );
  });

  it('goes on after an empty page, and ends where the pages go round', async () => {
    const page = (next: string | null, ...data: readonly number[]): Answer => ({
      body: {
        data,
        pagination: { next: next === null ? null : `http://service/v1-webhooks/executions?marker=${next}` },
      },
    });
    const server = await serve(({ query: { marker, state } }) => {
      if (state === 'waiting') return page('b');
      return marker === 'b' ? page('c', 1) : page(null, 2);
    });
    const circle = await serve(() => page('again', 1));
    const list = (url: string): Promise<readonly unknown[]> =>
      createServiceClient({ url, projectId: '1a5' }).list('/executions', { state: 'waiting' });

    expect(await list(server.url)).toEqual([1, 2]);
    await expect(list(circle.url)).rejects.toThrow('the pages of the list do not end');
  });

  it('repeats the message, the remedy and the field of a refusal', async () => {
    const server = await serve(() => ({
      status: 400,
      body: {
        message: 'Invalid amount: 0',
        detail: 'a whole number from 1 to 10 is needed',
        code: 'SETTINGS_INVALID',
        fieldName: 'scaleServiceConfig.amount',
      },
    }));

    const { err } = await runCli([
      'receivers',
      'create',
      'x',
      '--driver',
      'scaleService',
      '--url',
      server.url,
      '--project',
      '1a5',
      '--access-key',
      'a',
      '--secret-key',
      'b',
    ]);

    expect(err).toBe(
      'receiver-hooks: Invalid amount: 0; a whole number from 1 to 10 is needed (400, SETTINGS_INVALID, field scaleServiceConfig.amount)',
    );
  });

  it.each([
    ['HTML', '<html>'],
    ['another collection', '[]'],
  ])('recognises by %s that something else answers', async (_, body) => {
    const server = await serve(() => ({ body }));

    const { exitCode, err } = await runCli(['executions', 'list', '--url', server.url, '--project', '1a5']);

    expect(exitCode).toBe(1);
    expect(err).toContain('is not this service');
  });

  it('names the address when it is Rancher that answers, which has no such path', async () => {
    const body = '{"id":"x","type":"error","links":{},"actions":{},"status":404,"code":"Not Found","message":null}';
    const server = await serve(() => ({ status: 404, body }));

    const { exitCode, err } = await runCli(['receivers', 'list', '--url', server.url, '--project', '1a5']);

    expect(exitCode).toBe(1);
    expect(err).toContain('check that --url names this service and not Rancher (404');
  });

  it('takes environment and key from CATTLE_*, and options win', async () => {
    const server = await serve(() => ({ body: { data: [] } }));
    const environment = { CATTLE_URL: 'http://r/v2-beta/projects/1a9', CATTLE_ACCESS_KEY: 'a', CATTLE_SECRET_KEY: 'b' };

    await runCli(['receivers', 'list', '--url', server.url], { environment });
    await runCli(['receivers', 'list', '--url', server.url, '--project', '1a5', '--access-key', 'c'], { environment });

    const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
    expect(server.calls.map(({ query, authorization }) => [query['projectId'], authorization])).toEqual([
      ['1a9', basic('a:b')],
      ['1a5', basic('c:b')],
    ]);
  });

  it.each([
    [['receivers', 'list'], 'give --project'],
    [['receivers', 'list', '--project', '1a5', '--access-key', 'a'], 'half a key'],
    [['executions', 'list', '--project', '1a5', '--limit', 'many'], '--limit "many"'],
  ])('answers %j with 2', async (args, said) => {
    const { exitCode, err } = await runCli(args);

    expect(exitCode).toBe(2);
    expect(err).toContain(said);
  });
});
