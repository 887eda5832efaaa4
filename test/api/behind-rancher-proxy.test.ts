import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

// What Rancher's proxy made of the requests it was sent, as its backend received them: recordings g_proxy_* and
// g_auth_on_proxy_* of a real Rancher 1.6, without the user agent. The hook's key and the project are put in before sending.
interface Proxied {
  readonly recording: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Bytes as Latin-1. */
  readonly body: string;
  /** The proxy announced a length and sent nothing. */
  readonly neverSendsBody?: true;
}
const proxied = JSON.parse(
  readFileSync(new URL('../fixtures/cattle/proxied-requests.json', import.meta.url), 'utf8'),
) as readonly Proxied[];

describe("api, behind Rancher's proxy", () => {
  let api: RunningApi;
  let serviceId: string;
  let key: string;

  beforeAll(async () => {
    api = await startApi({ installPlace: 'rancher-proxy' });
    serviceId = api.sandbox.addService({ projectId: '1a5', name: 'webapp', scale: 1 });
    const created = await send('POST', '/v1-webhooks/receivers?projectId=1a5', asOwner, {
      name: 'up',
      driver: 'scaleService',
      scaleServiceConfig: { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 500 },
    });
    key = new URL((JSON.parse(created.body) as { url: string }).url).searchParams.get('key') ?? '';
  });
  afterAll(async () => {
    await api.close();
  });

  const asOwner = [
    ['Content-Type', 'application/json'],
    ['X-API-Project-Id', '1a5'],
    ['X-API-Roles', 'v1-owner'],
  ] as const;

  /** Writes the bytes of one request as they are: an HTTP client would tidy paths and headers up. */
  async function exchange(bytes: Buffer): Promise<{ readonly status: number; readonly body: string }> {
    const { port } = new URL(api.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(bytes);
    let said = '';
    for await (const chunk of socket) said += String(chunk);
    const [head = '', ...rest] = said.split('\r\n\r\n');
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), body: rest.join('\r\n\r\n') };
  }

  async function send(
    method: string,
    url: string,
    headers: readonly (readonly [string, string])[],
    body: object,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const bytes = Buffer.from(JSON.stringify(body));
    const lines = [...headers, ['Host', 'rancher:8080'], ['Connection', 'close'], ['Content-Length', bytes.length]];
    const head = lines.map(([name, value]) => `${String(name)}: ${String(value)}\r\n`).join('');
    return exchange(Buffer.concat([Buffer.from(`${method} ${url} HTTP/1.1\r\n${head}\r\n`), bytes]));
  }

  async function replay(request: Proxied): Promise<{ readonly status: number; readonly body: string }> {
    const ours = (text: string): string =>
      text
        .replaceAll('HOOKKEY1234567890', key)
        .replace(/\b1a18\b/g, '1a5')
        .replace(/\b1a24\b/g, '1a7');
    const body = Buffer.from(ours(request.body), 'latin1');
    const head = request.headers
      .filter(([name]) => !/^(?:connection|transfer-encoding|expect)$/i.test(name))
      .map(([name, value]) => {
        const isLength = name.toLowerCase() === 'content-length' && request.neverSendsBody !== true;
        return `${name}: ${isLength ? String(body.length) : ours(value)}\r\n`;
      });
    const hasLength = request.headers.some(([name]) => name.toLowerCase() === 'content-length');
    const length = hasLength || body.length === 0 ? '' : `Content-Length: ${String(body.length)}\r\n`;
    const start = `${request.method} ${ours(request.url)} HTTP/1.1\r\n${head.join('')}${length}Connection: close\r\n\r\n`;
    return exchange(Buffer.concat([Buffer.from(start), body]));
  }

  const scale = (): number => Number(api.sandbox.inspect(serviceId)?.['scale']);
  /** The recordings whose name matches, which must be some. */
  const recordings = (pattern: RegExp): readonly Proxied[] => {
    const found = proxied.filter(({ recording }) => pattern.test(recording));
    expect(found.length).toBeGreaterThan(0);
    return found;
  };

  it('takes every trigger for one step, whatever its body, its query and whoever Rancher thinks calls', async () => {
    const triggers = recordings(
      /_(?:in_query|header_case_and_repeats)$|post_(?:endpoint_\w+|json|json_as_\w+|json_charset|json_wrong_key|authorization_bearer|chunked|cloudevents|empty_body|expect_continue|form|form_uppercase|malformed_json|multipart|no_content_type|signature_headers|spoofed_headers|text|x_api_auth_header)$/,
    );
    const before = scale();
    const answers: Record<string, number> = {};
    for (const request of triggers) answers[request.recording] = (await replay(request)).status;
    expect(Object.entries(answers).filter(([, status]) => status !== 200)).toEqual([]);
    expect(scale()).toBe(before + triggers.length);
  });

  it('asks for the right key and project in the words of the old service', async () => {
    const answered = async (recording: RegExp): Promise<readonly number[]> =>
      Promise.all(recordings(recording).map(async (request) => (await replay(request)).status));
    expect(await answered(/_subpath(?:_no_query)?$|_trailing_slash$/)).toEqual([403, 403, 403]);
    expect(await answered(/post_json_unknown_project$/)).toEqual([500]);
    expect(await answered(/post_json_(?:no|bad)_project$/)).toEqual([400, 400]);
    expect(await answered(/method_(?:delete|get|put)$/)).toEqual([405, 405, 405]);
    expect(await answered(/post_gzip$/)).toEqual([415]);
  });

  it('lets nobody in by a path that only begins like the open one', async () => {
    for (const request of recordings(/dotdot_(?:raw|encoded)$|prefix_lookalike$|double_slash$|_semicolon$|_in_path$/)) {
      expect({ of: request.recording, ...(await replay(request)) }).toMatchObject({
        of: request.recording,
        status: 404,
      });
    }
  });

  it('shows receivers to whom Rancher let in, and trigger URLs only to those who may write', async () => {
    for (const request of recordings(
      /get_receivers_(?:as_(?:admin|member|owner|project_key|service|superadmin|environment_agent_key)|project_key)$/,
    )) {
      const { status, body } = await replay(request);
      expect({ of: request.recording, status, showsKey: body.includes(key) }).toEqual({
        of: request.recording,
        status: 200,
        showsKey: true,
      });
    }
    for (const request of recordings(/get_receivers_(?:as_readonly|as_restricted|readonly|spoofed_roles)$/)) {
      const { status, body } = await replay(request);
      expect({ of: request.recording, status, showsKey: body.includes(key) }).toEqual({
        of: request.recording,
        status: 200,
        showsKey: false,
      });
    }
  });

  it('believes the project that Rancher checked, not the one in the address', async () => {
    for (const request of recordings(/header_a_query_b$/)) expect((await replay(request)).status).toBe(403);
    for (const request of recordings(/no_project$|no_projectid$/)) expect((await replay(request)).status).toBe(400);
  });

  it('lets only those make receivers who may write', async () => {
    const status = async (recording: string): Promise<number | undefined> => {
      const [request] = recordings(new RegExp(`${recording}$`));
      return request && (await replay(request)).status;
    };
    expect(await status('post_receivers_as_readonly')).toBe(405);
    // Past the check of rights: what is wrong is the body.
    expect(await status('post_receivers_as_project_key')).toBe(400);
    expect(await status('delete_receiver_as_project_key')).toBe(404);
  });

  it('answers a form with a charset, whose body Rancher announces and never sends', async () => {
    const [request] = recordings(/form_charset$/);
    const answer = request && (await replay(request));
    expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('PAYLOAD_INCOMPLETE') });
  });
});
