import fetch, { type Response } from 'node-fetch';
import * as z from 'zod';
import { CliError, usageError } from '../cli-error.ts';
import { findSystemError } from '../system-errors.ts';

export interface ServiceClientOptions {
  /** The service's address without `/v1-webhooks`. */
  readonly url: string;
  readonly projectId: string;
  /** Absent: nothing is sent, and the service decides. */
  readonly key?: { readonly accessKey: string; readonly secretKey: string };
}

type Query = Readonly<Record<string, string | undefined>>;

/** A call of our own HTTP API; every method throws CliError, whose message is for the person at the terminal. */
export interface ServiceClient {
  /** `path` is relative to `/v1-webhooks`. An empty answer is undefined. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, options?: CallOptions): Promise<unknown>;
  /** All of a collection, page after page, or the first `atMost`. */
  list(path: string, query?: Query, atMost?: number): Promise<readonly unknown[]>;
}

interface CallOptions {
  readonly query?: Query;
  readonly body?: object;
}

const Collection = z.looseObject({
  data: z.array(z.unknown()),
  pagination: z.looseObject({ next: z.string().nullish() }).nullish(),
});

const Refusal = z.looseObject({
  message: z.string().nullish(),
  /** What to do about it. */
  detail: z.string().nullish(),
  code: z.string().nullish(),
  fieldName: z.string().nullish(),
  traceId: z.string().nullish(),
});

const timeoutMs = 35_000;

/**
 * The path of one thing. An id may come from the command line, and `..` would lead to another address: encoding leaves dots as they are.
 * @throws CliError (exit code 2) for what is not an id.
 */
export function pathTo(collection: 'receivers' | 'executions', id: string): string {
  if (/^[\w-]+$/.test(id)) return `/${collection}/${id}`;
  throw usageError(`"${id}" is not an id; "${collection} list" shows them`);
}

/** Speaks to a running service with the caller's own Rancher key. Nothing is sent yet. */
export function createServiceClient(options: ServiceClientOptions): ServiceClient {
  const base = `${options.url.replace(/\/+$/, '').replace(/\/v1-webhooks$/, '')}/v1-webhooks`;

  async function call(method: string, path: string, { query = {}, body }: CallOptions = {}): Promise<unknown> {
    const parameters = new URLSearchParams({ projectId: options.projectId });
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
    const response = await send(`${base}${path}?${parameters.toString()}`, {
      method,
      headers: {
        Accept: 'application/json',
        // The old service takes exactly this, so ours is called the same way in either place.
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(options.key && { Authorization: basic(options.key) }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, parseJson(text), options.key !== undefined);
    if (text === '') return undefined;
    const answer = parseJson(text);
    if (answer === undefined) throw notOurs(base);
    return answer;
  }

  async function list(path: string, query: Query = {}, atMost = Infinity): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    const seen = new Set<string>();
    let next: Query | undefined = query;
    while (next !== undefined && found.length < atMost) {
      const asked = JSON.stringify(next);
      if (seen.has(asked))
        throw new CliError('the pages of the list do not end; is something else in front of the service?');
      seen.add(asked);
      const page = Collection.safeParse(await call('GET', path, { query: next }));
      if (!page.success) throw notOurs(base);
      found.push(...page.data.data);
      // A page may be empty while others follow: what is filtered out of it was on it.
      next = queryOf(page.data.pagination?.next);
    }
    return found.slice(0, atMost);
  }

  return { call, list };
}

async function send(url: string, init: Parameters<typeof fetch>[1]): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const { origin } = new URL(url);
    const reason = findSystemError(error)?.code ?? (error instanceof Error ? error.name : 'unknown reason');
    throw new CliError(
      `nothing answers at ${origin} (${reason}); is the service running there? --url names another address`,
      {
        cause: error,
      },
    );
  }
}

/** Only the query of a page's link is taken: the address in it may be a proxy's, and the key must not follow it there. */
function queryOf(link: string | null | undefined): Query | undefined {
  if (link === null || link === undefined || !URL.canParse(link, 'http://service')) return undefined;
  return Object.fromEntries(new URL(link, 'http://service').searchParams);
}

function basic({ accessKey, secretKey }: { readonly accessKey: string; readonly secretKey: string }): string {
  return `Basic ${Buffer.from(`${accessKey}:${secretKey}`, 'utf8').toString('base64')}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refusal(status: number, body: unknown, isKeyGiven: boolean): CliError {
  const parsed = Refusal.safeParse(body);
  const { message, detail, code, fieldName, traceId } = parsed.success ? parsed.data : {};
  const facts = [String(status), code, fieldName && `field ${fieldName}`, traceId && `trace ${traceId}`];
  let remedy = detail;
  if (status === 401 && !isKeyGiven)
    remedy = 'give --access-key and --secret-key, or set CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY';
  // Rancher itself answers 404 without a word.
  if (status === 404 && !message) remedy = 'check that --url names this service and not Rancher';
  const said = [message || 'the service refused', remedy].filter(Boolean).join('; ');
  return new CliError(`${said} (${facts.filter(Boolean).join(', ')})`);
}

function notOurs(base: string): CliError {
  return new CliError(`what answers at ${new URL(base).origin} is not this service; --url names its address`);
}
