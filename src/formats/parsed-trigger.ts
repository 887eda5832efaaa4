import type * as z from 'zod';
import { ServiceError } from '../domain/errors.ts';
import type { Trigger } from '../domain/signal.ts';

/** A trigger whose body has been looked at once, so that a dozen formats do not each parse a megabyte. */
export interface ParsedTrigger extends Trigger {
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

/** Parses the body as JSON when it looks like an object or an array, whatever the content type claims. */
export function parseTrigger(trigger: Trigger): ParsedTrigger {
  return { ...trigger, json: parseJson(trigger.body) };
}

function parseJson(body: Uint8Array): unknown {
  const text = new TextDecoder('utf-8').decode(body).trim();
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The body as `shape` wants it.
 * @throws ServiceError PAYLOAD_MALFORMED naming the first field that is missing or of the wrong type.
 */
export function readJson<T>(shape: z.ZodType<T>, trigger: ParsedTrigger): T {
  if (trigger.json === undefined) {
    throw new ServiceError(
      'PAYLOAD_MALFORMED',
      `the body of ${String(trigger.body.byteLength)} bytes is not a JSON object or array`,
    );
  }
  const parsed = shape.safeParse(trigger.json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const fieldName = issue?.path.join('.') ?? '';
  throw new ServiceError(
    'PAYLOAD_MALFORMED',
    `the body is not what this format sends: ${fieldName === '' ? 'body' : fieldName}: ${issue?.message ?? 'invalid'}`,
    {
      fieldName,
    },
  );
}
