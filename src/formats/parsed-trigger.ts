import type * as z from 'zod';
import { ServiceError } from '../domain/errors.ts';
import type { Trigger } from '../domain/signal.ts';

/** A trigger whose body has been looked at once, so that a dozen formats do not each parse a megabyte. */
export interface ParsedTrigger extends Trigger {
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** The fields of a form, the first of each name; undefined when the body is none. Parsed when first asked for. */
  readonly form: ReadonlyMap<string, string> | undefined;
}

/** Parses the body as JSON when it looks like an object or an array, whatever the content type claims. */
export function parseTrigger(trigger: Trigger): ParsedTrigger {
  const json = parseJson(trigger.body);
  let form: ReadonlyMap<string, string> | undefined;
  return {
    ...trigger,
    json,
    get form() {
      // curl calls every -d a form, JSON too.
      if (trigger.contentType !== 'application/x-www-form-urlencoded' || json !== undefined) return undefined;
      form ??= parseForm(trigger.body);
      return form;
    },
  };
}

// What a trigger URL is made of. Rancher's proxy copies its query into every form (recording g_proxy_post_form): kept, the key
// would end up in whatever is made of the fields.
const fieldsOfTheUrl = new Set(['key', 'token', 'projectId']);

function parseForm(body: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(new TextDecoder('utf-8').decode(body))) {
    if (!fieldsOfTheUrl.has(name) && !fields.has(name)) fields.set(name, value);
  }
  return fields;
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
      { fieldName: 'body' },
    );
  }
  return readShape(shape, trigger.json);
}

/**
 * The fields of a form as `shape` wants them.
 * @throws ServiceError PAYLOAD_MALFORMED naming the first field that is missing or of the wrong type.
 */
export function readForm<T>(shape: z.ZodType<T>, trigger: ParsedTrigger): T {
  if (trigger.form === undefined) {
    throw new ServiceError(
      'PAYLOAD_MALFORMED',
      `the body of ${String(trigger.body.byteLength)} bytes is not a form; send it as application/x-www-form-urlencoded`,
      { fieldName: 'body' },
    );
  }
  return readShape(shape, Object.fromEntries(trigger.form));
}

/**
 * A part of a body as `shape` wants it.
 * @throws ServiceError PAYLOAD_MALFORMED naming the first field that is missing or of the wrong type.
 */
export function readShape<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  const fieldName = path === '' ? 'body' : path;
  throw new ServiceError(
    'PAYLOAD_MALFORMED',
    `the body is not what this format sends: ${fieldName}: ${issue?.message ?? 'invalid'}`,
    { fieldName },
  );
}
