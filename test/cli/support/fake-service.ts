import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

export interface FakeServer {
  readonly url: string;
  readonly calls: readonly SeenCall[];
  close(): Promise<void>;
}

/** A loopback HTTP server that answers by a function and remembers what it was asked; `text` bodies are sent as they are. */
export async function startFakeServer(answer: (call: SeenCall) => Answer): Promise<FakeServer> {
  const calls: SeenCall[] = [];
  const server = createServer((request, response) => {
    void readText(request).then((text) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
      const call: SeenCall = {
        method: request.method ?? '',
        path: pathname,
        query: Object.fromEntries(searchParams),
        authorization: request.headers.authorization,
        body: text === '' ? undefined : JSON.parse(text),
      };
      calls.push(call);
      const { status = 200, body } = answer(call);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** The receivers part of our API, kept in memory: what a client needs to list, create, edit, pause, test and delete. */
export function inMemoryReceivers(receivers: Record<string, unknown>[]): (call: SeenCall) => Answer {
  const keyed = (receiver: Record<string, unknown>): Record<string, unknown> => ({
    type: 'receiver',
    links: {},
    format: 'auto',
    formatSettings: {},
    repeatAfterSeconds: 600,
    state: 'active',
    url: `http://hooks/v1-webhooks/endpoint?key=SECRETKEY${String(receiver['id'])}&projectId=1a5`,
    ...receiver,
  });
  let nextId = 100;
  return ({ method, path, query, body }) => {
    const [, id] = /^\/v1-webhooks\/receivers(?:\/([^/]+))?$/.exec(path) ?? ['', undefined];
    if (!path.startsWith('/v1-webhooks/receivers')) return { status: 404, body: { message: 'not found' } };
    if (id === undefined && method === 'GET') return { body: { type: 'collection', data: receivers.map(keyed) } };
    if (id === undefined) {
      const created = { ...(body as object), id: `1go${String((nextId += 1))}` };
      receivers.push(created);
      const { signature } = created as { readonly signature?: object };
      const made = { signature: { ...signature, secrets: [{ id: 'a', created: '', secret: 'made-by-the-fake' }] } };
      return { body: { ...keyed(created), ...(signature === undefined ? {} : made) } };
    }
    const at = receivers.findIndex((receiver) => receiver['id'] === id);
    const found = receivers[at];
    if (found === undefined) return { status: 404, body: { message: 'no such receiver', code: 'NOT_FOUND' } };
    if (method === 'DELETE') {
      receivers.splice(at, 1);
      return { status: 204 };
    }
    const { action } = query;
    if (action === 'test') return { body: { outcome: 'scaled', from: 2, to: 3, message: 'would scale' } };
    if (action !== undefined) found['state'] = action === 'pause' ? 'paused' : 'active';
    if (method === 'PUT') receivers[at] = { ...found, ...(body as object) };
    return { body: keyed(receivers[at] ?? {}) };
  };
}
