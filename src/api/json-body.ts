import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../domain/errors.ts';

/** The media type without parameters, lower case; empty when there is none. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** @throws ServiceError REQUEST_INVALID for any other content type; the old service's words. A charset is fine. */
export function requireJson(request: IncomingMessage): void {
  if (mediaTypeOf(request) === 'application/json') return;
  throw new ServiceError(
    'REQUEST_INVALID',
    'Content-Type must be supplied as header. Only application/json is supported',
    { fieldName: 'Content-Type' },
  );
}

/**
 * A JSON object.
 * @throws ServiceError REQUEST_INVALID, beginning with the old service's words; never repeats a value of the body.
 */
export function parseJsonObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  const parsed = parse(decode(body));
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  const kind = parsed === null ? 'null' : Array.isArray(parsed) ? 'an array' : `a ${typeof parsed}`;
  throw bad(`a JSON object is needed, not ${kind}`);
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw bad('it is not UTF-8; send it as UTF-8');
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') throw bad('it is empty; a JSON object is needed');
  try {
    return JSON.parse(text, (key, value: unknown) => {
      // Copied on by an assignment it would change the prototype of what it is copied to.
      if (key === '__proto__') throw bad('the field __proto__ is not allowed; remove it');
      // No URL and no UTF-8 can hold it: neither could Rancher be asked for such a name, nor would it be stored as it was sent.
      if (!key.isWellFormed())
        throw bad('the name of a field holds half a character; send both halves of its surrogate pair');
      if (typeof value === 'string' && !value.isWellFormed())
        throw bad(`${key} holds half a character; send both halves of its surrogate pair`);
      return value;
    });
  } catch (error) {
    if (error instanceof SyntaxError) throw bad('it is not JSON; check its quotes, commas and end');
    if (error instanceof RangeError) throw bad('it is nested too deeply');
    throw error;
  }
}

function bad(what: string): ServiceError {
  return new ServiceError('REQUEST_INVALID', `Bad request body: ${what}`);
}
