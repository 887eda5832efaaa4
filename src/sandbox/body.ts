import type { IncomingMessage } from 'node:http';
import { ApiError } from './errors.ts';
import { parseJson } from './json.ts';

export type Body = Readonly<Record<string, unknown>>;

/** Collects a request's body. @throws Error when the caller hangs up before the end. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * Reads a body as Rancher does: a form when the content type says so, else JSON whatever the content type; a JSON array,
 * a text or nothing at all counts as an empty object (recordings g_content_type_*, g_json_array_body_put, g_empty_body_put).
 * @throws ApiError 400 InvalidBodyContent
 */
export function parseBody(bytes: Buffer, contentType: string | undefined): Body {
  const text = bytes.toString('utf8');
  if (contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  if (text.trim() === '') return {};
  try {
    const value = parseJson(text);
    return isMap(value) ? value : {};
  } catch {
    throw new ApiError(400, 'InvalidBodyContent');
  }
}

/** True for a JSON object, false for arrays, null and plain values. */
export function isMap(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
