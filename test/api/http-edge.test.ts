import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

let api: RunningApi;
let key: string;
let serviceId: string;

beforeAll(async () => {
  api = await startApi({
    parts: {
      bodyLimits: { mostBytes: 1024 * 1024, timeoutMs: 200 },
      answerHeaders: { 'X-Receiver-Hooks-Sandbox': '1' },
      metrics: { contentType: 'text/plain; version=0.0.4', read: () => Promise.resolve('up 1\n') },
    },
  });
  serviceId = api.sandbox.addService({ projectId: '1a5', scale: 1 });
  const config = { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 50 };
  const settings = { format: 'auto', formatSettings: {}, repeatAfterSeconds: 600 };
  const stored = await api.receivers.create(
    '1a5',
    { name: 'edge', driver: 'scaleService', config, ...settings },
    (made) => made,
  );
  key = stored.key;
});

afterAll(async () => {
  await api.close();
});

/** Writes bytes to a fresh connection and reads until the server ends it. */
async function exchange(
  bytes: string,
  options: { readonly endsWith?: string; readonly isHalfClosed?: boolean } = {},
): Promise<string> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (options.endsWith !== undefined && text.includes(options.endsWith)) socket.end();
  });
  if (options.isHalfClosed === true) socket.end(bytes);
  else socket.write(bytes);
  await once(socket, 'close');
  return text;
}

const trigger = (more: string, body = ''): string =>
  `POST /v1-webhooks/endpoint?key=${key}&projectId=1a5&dryRun=true HTTP/1.1\r\nHost: x\r\n${more}\r\n${body}`;

describe('api: the edge of HTTP', () => {
  it('takes key and projectId from a form; what stands in the query wins', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const path = '/v1-webhooks/endpoint?dryRun=true';
    const body = `key=${key}&projectId=1a5&other=1`;

    expect(await call(api.url, { method: 'POST', path, headers, body })).toMatchObject({ status: 200 });
    expect(await call(api.url, { method: 'POST', path: `${path}&key=wrong`, headers, body })).toMatchObject({
      status: 403,
    });
  });

  it("reads a token from a form only where the query names no key: a field of that name may be the sender's own", async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const path = '/v1-webhooks/endpoint?dryRun=true';
    const trigger = (query: string, body: string): ReturnType<typeof call> =>
      call(api.url, { method: 'POST', path: `${path}${query}`, headers, body });
    const isReadAsToken = { status: 400, body: { code: 'TRIGGER_INVALID', fieldName: 'token' } };

    expect(await trigger(`&key=${key}&projectId=1a5`, 'token=of-the-sender&a=b')).toMatchObject({ status: 200 });
    expect(await trigger('', `key=${key}&projectId=1a5&token=`)).toMatchObject({ status: 200 });
    expect(await trigger('', `key=${key}&projectId=1a5&token=a.b.c`)).toMatchObject(isReadAsToken);
    expect(await trigger('&key=', 'token=a.b.c')).toMatchObject(isReadAsToken);
    expect(await trigger('&token=a.b.c', `key=${key}&projectId=1a5`)).toMatchObject(isReadAsToken);
    expect(await trigger(`&token=a.b.c&key=${key}&projectId=1a5`, '')).toMatchObject(isReadAsToken);
  });

  it('names the known cause when an announced body does not come', async () => {
    const answer = await exchange(
      trigger('Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: 9\r\n'),
    );

    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toMatch(/"code":"PAYLOAD_INCOMPLETE"/);
    expect(answer).toMatch(/loses the body of a form whose content type has a charset/);
    expect(answer).toMatch(/Connection: close/);
  });

  it('answers 413 to a body that grows past the limit while it is still being sent', async () => {
    const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`;

    const answer = await exchange(`${trigger('Transfer-Encoding: chunked\r\n')}${chunk.repeat(40)}0\r\n\r\n`, {
      endsWith: 'PAYLOAD_TOO_LARGE',
    });

    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });

  it.each([
    ['is not HTTP', 'HELLO\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['has headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'REQUEST_INVALID'],
    [
      'smuggles',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'REQUEST_INVALID',
    ],
    ['is a CONNECT', 'CONNECT rancher:80 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'METHOD_NOT_ALLOWED'],
  ])('answers a Rancher error to what %s', async (_what, bytes, status, code) => {
    const answer = await exchange(bytes);

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
    expect(answer).toContain(`"code":"${code}"`);
  });

  it('answers an unknown expectation with 417', async () => {
    const answer = await exchange(trigger('Expect: miracles\r\nConnection: close\r\n'));

    expect(answer).toMatch(/^HTTP\/1.1 417 /);
  });

  it('answers a sender that has closed its side after the request', async () => {
    expect(await exchange(trigger('Content-Length: 0\r\n'), { isHalfClosed: true })).toMatch(/^HTTP\/1.1 200 /);
  });

  it('answers what was asked for when something that is no request follows it', async () => {
    const answer = await exchange(trigger('Content-Length: 2\r\n', '{}and more\r\n\r\n'));

    expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200']);
  });

  it('keeps no connection of one who never closes his side', async () => {
    const { port } = new URL(api.url);
    for (const odd of ['CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', 'no request\r\n\r\n']) {
      const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined).resume();
      socket.write(odd);
      await once(socket, 'end');
      // Whoever goes on writing learns that nobody reads.
      const writing = setInterval(() => socket.write('x'), 50);
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(writing);
    }
  });

  it.each(['gzip, chunked', 'deflate,chunked'])('takes no body packed on the way with %s', async (coding) => {
    const answer = await exchange(
      trigger(`Transfer-Encoding: ${coding}\r\nConnection: close\r\n`, '2\r\n{}\r\n0\r\n\r\n'),
    );

    expect(answer).toMatch(/^HTTP\/1.1 415 /);
    expect(answer).toContain('"fieldName":"Transfer-Encoding"');
  });

  it.each(['gzip', 'br', 'deflate, gzip', 'IDENTITY, gzip'])('takes no body packed with %s', async (encoding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    const path = `/v1-webhooks/endpoint?key=${key}&projectId=1a5&dryRun=true`;

    expect(
      await call(api.url, { method: 'POST', path, headers, body: gzipSync(Buffer.alloc(1_000_000)) }),
    ).toMatchObject({
      status: 415,
      body: { code: 'PAYLOAD_ENCODED', fieldName: 'Content-Encoding' },
    });
    headers['content-encoding'] = 'identity';
    expect((await call(api.url, { method: 'POST', path, headers, body: '{}' })).status).toBe(200);
  });

  it('answers HEAD like GET, without the body', async () => {
    const path = '/v1-webhooks/schemas/receiver';
    const get = await call(api.url, { path });
    const head = await call(api.url, { method: 'HEAD', path });

    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  it.each([
    ['an answer', '/v1-webhooks/schemas'],
    ['an error', '/v1-webhooks/nope'],
    ['an odd path', '/v1-webhooks/../x'],
    ['health', '/healthz'],
  ])('marks %s: not to be stored, sniffed, or followed by a cookie', async (_what, path) => {
    const { headers } = await call(api.url, { path });

    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'x-receiver-hooks-sandbox': '1',
      'content-type': 'application/json; charset=utf-8',
    });
    for (const unwanted of ['set-cookie', 'x-powered-by', 'etag']) expect(headers).not.toHaveProperty(unwanted);
  });

  it('sends headers and body in one write', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');

    const [first] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();

    expect(first.toString('utf8')).toMatch(/\r\n\r\n\{"status":"alive".*\}$/s);
  });

  it('says whether it is alive, ready, and what it counts', async () => {
    expect(await call(api.url, { path: '/healthz' })).toMatchObject({ status: 200, body: { status: 'alive' } });
    expect(await call(api.url, { path: '/readyz' })).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: [] },
    });
    expect(await call(api.url, { path: '/metrics' })).toMatchObject({ status: 200, text: 'up 1\n' });
  });

  it('pages through the history by marker, newest first', async () => {
    const triggerUrl = `/v1-webhooks/endpoint?key=${key}&projectId=1a5`;
    for (let n = 0; n < 3; n += 1) await call(api.url, { method: 'POST', path: triggerUrl });
    const headers = { authorization: basic(api.sandbox.project.keys.readonly) };
    const first = await call(api.url, { path: '/v1-webhooks/executions?projectId=1a5&limit=2', headers });
    const { next } = first.body['pagination'] as { next: string };
    const { pathname, search } = new URL(next);

    const second = await call(api.url, { path: `${pathname}${search}`, headers });

    const idsOf = (data: unknown): string[] => (data as { id: string }[]).map(({ id }) => id);
    const ids = [...idsOf(first.body['data']), ...idsOf(second.body['data'])];
    expect(new Set(ids).size).toBe(3);
    expect(second.body['pagination']).toMatchObject({ next: null, partial: false });
    const one = await call(api.url, { path: `/v1-webhooks/executions/${String(ids[0])}?projectId=1a5`, headers });
    expect(one).toMatchObject({ status: 200, body: { id: ids[0], type: 'execution', outcome: 'scaled', to: 4 } });
  });

  it('finishes answers under way when it closes, and takes no new ones', async () => {
    const closing = await startApi();
    const service = closing.sandbox.addService({ projectId: '1a5', scale: 1 });
    const config = { type: 'scaleService', serviceId: service, action: 'up', amount: 1, min: 1, max: 9 };
    const settings = { format: 'auto', formatSettings: {}, repeatAfterSeconds: 600 };
    const stored = await closing.receivers.create(
      '1a5',
      { name: 'last', driver: 'scaleService', config, ...settings },
      (made) => made,
    );
    closing.sandbox.faults.add({ method: 'PUT', fault: { kind: 'delay', ms: 150, when: 'before-acting' } });
    const path = `/v1-webhooks/endpoint?key=${stored.key}&projectId=1a5`;

    const answer = call(closing.url, { method: 'POST', path });
    while (closing.sandbox.calls.count({ method: 'PUT' }) === 0) await new Promise((resolve) => setImmediate(resolve));
    await closing.close();

    expect(await answer).toMatchObject({ status: 200, body: { outcome: 'scaled' }, headers: { connection: 'close' } });
    await expect(call(closing.url, { path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/);
  });
});
