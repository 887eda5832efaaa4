import { Agent } from 'node:http';
import fetch from 'node-fetch';
import type { ApiKey } from '../../src/sandbox/accounts.ts';

/** One answer of the sandbox, its body parsed when it is JSON. */
export interface Answer {
  readonly status: number;
  header(name: string): string | null;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it is, without a content type of its own. */
  readonly rawBody?: string;
}

export type Caller = (path: string, request?: Request) => Promise<Answer>;

const agent = new Agent({ keepAlive: true });

/** Calls a server with a key's Basic authentication, or without any. */
export function callerOf(url: string, key: ApiKey | undefined): Caller {
  const authorization =
    key === undefined ? undefined : `Basic ${Buffer.from(`${key.accessKey}:${key.secretKey}`).toString('base64')}`;
  return async (path, { method = 'GET', headers, body, rawBody } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      agent,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(rawBody === undefined ? (body === undefined ? {} : { body: JSON.stringify(body) }) : { body: rawBody }),
    });
    const text = await response.text();
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      text,
      json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  };
}

/** Asks again and again, a few milliseconds apart, until the answer is the one waited for. Jest's time-out ends it. */
export async function until<T>(ask: () => T | Promise<T>, isIt: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isIt(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
