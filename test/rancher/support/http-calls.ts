import type { ServiceError } from '../../../src/domain/errors.ts';
import { createHttpClient, type HttpClient, type HttpOptions, type HttpRequest } from '../../../src/rancher/http.ts';

const open: { close(): unknown }[] = [];

/** Closes what `track` and `client` have opened, the last first. */
export async function closeAll(): Promise<void> {
  for (const closable of open.splice(0).toReversed()) await closable.close();
}

/** Keeps `closable` for `closeAll`. */
export function track<T extends { close(): unknown }>(closable: T): T {
  open.push(closable);
  return closable;
}

/** A client with small limits. */
export function client(options: Partial<HttpOptions> = {}): HttpClient {
  const defaults = { protocol: 'http:', timeoutMs: 5_000, maxSockets: 10, maxAnswerBytes: 100_000, observe: () => {} };
  return track(createHttpClient({ ...defaults, ...options }));
}

/** A write of a few bytes. */
export function put(url: string, call: HttpRequest['call'] = {}): HttpRequest {
  return { operation: 'update service', method: 'PUT', url, headers: {}, body: { scale: 3 }, call };
}

/** A read. */
export function get(url: string): HttpRequest {
  return { operation: 'read service', method: 'GET', url, headers: {} };
}

/** The error a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => Promise.reject(new Error('the call was expected to fail')),
    (error: unknown) => error as ServiceError,
  );
}
