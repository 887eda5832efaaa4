import { request as httpRequest } from 'node:http';
import type { Agent, IncomingHttpHeaders } from 'node:http';

export interface PlainRequest {
  readonly method?: string;
  /** Path and query, sent as they are: nothing is normalised or encoded. */
  readonly path: string;
  /** A name with several values is sent that often. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** An object is sent as JSON. */
  readonly body?: object | string | Buffer;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as a JSON object; empty when it is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** One HTTP call whose path goes out byte for byte; on a connection of its own unless an agent is given. */
export async function call(baseUrl: string, request: PlainRequest, agent: Agent | false = false): Promise<PlainAnswer> {
  const { hostname, port } = new URL(baseUrl);
  const { method = 'GET', path, body } = request;
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  const bytes = isJson ? JSON.stringify(body) : body;
  const headers = {
    ...(isJson ? { 'content-type': 'application/json' } : {}),
    ...(bytes === undefined ? {} : { 'content-length': String(Buffer.byteLength(bytes)) }),
    ...request.headers,
  };
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, method, path, headers, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parse(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
