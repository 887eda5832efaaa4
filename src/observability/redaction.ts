import { isNativeError } from 'node:util/types';

const hidden = '[redacted]';

/** Field names whose values are secret, or may hold one: credentials, keys, a driver's config, anything a caller sent. */
const secretField =
  /authorization|cookie|csrf|secret|password|passphrase|token|credential|signature|(?:keys?|configs?|settings|values|body|payload|resourcedata)$/i;

/** Query or form parameters that prove who calls, wherever they stand in a text. */
const secretParameter =
  /((?:^|[?&;\s"'([{]|%3[fF]|%26|&amp;)(?:key|token|access_?key|secret_?key|secret|password|signature|sign|api_?key)(?:=|%3[dD]))[^&\s"'\\)<>\]}]+/gi;
/** `/v1-webhooks/endpoint/<projectId>/<key>`. */
const keyInPath = /(\/endpoint\/[^/\s?"'\\]+\/)[^/\s?"'\\]+/g;
const userInUrl = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s"'\\@]+@/gi;
const authorizationScheme = /\b(Basic|Bearer)\s+[\w.~+/=-]{6,}/gi;
/** A trigger key by its looks (40 alphanumerics), and a JWT: people put them where an id belongs, and errors name what was wrong. */
const keyAnywhere = /(?<![A-Za-z0-9])[A-Za-z0-9]{40}(?![A-Za-z0-9])|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g;

const deepestLevel = 6;

/** A text without the keys, tokens and passwords that stand in an address or an `Authorization` value in it. Valid JSON stays valid. */
export function redactText(text: string): string {
  return text
    .replace(secretParameter, `$1${hidden}`)
    .replace(keyInPath, `$1${hidden}`)
    .replace(userInUrl, `$1${hidden}@`)
    .replace(authorizationScheme, `$1 ${hidden}`)
    .replace(keyAnywhere, hidden);
}

/** The same facts without secrets: by field name at any depth, by what a text looks like, errors with their causes. */
export function redact(value: unknown): unknown {
  return redactAt(value, 0, new Set());
}

function redactAt(value: unknown, depth: number, path: ReadonlySet<object>): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (path.has(value)) return '[circular]';
  if (depth > deepestLevel) return '[too deep]';
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return hidden;
  if (value instanceof URL) return redactText(value.href);
  const inside = new Set(path).add(value);
  const again = (part: unknown): unknown => redactAt(part, depth + 1, inside);
  if (isNativeError(value)) return redactError(value, again);
  if (Array.isArray(value)) return value.map(again);
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, part]) => [String(name), secretField.test(String(name)) ? hidden : again(part)]),
  );
}

/**
 * Only what tells the fault: an error of a library may carry the whole request it failed at. The `details` of our own
 * errors are facts by contract; they are redacted all the same.
 */
function redactError(error: Error, again: (part: unknown) => unknown): Readonly<Record<string, unknown>> {
  const { code, details } = error as Error & { readonly code?: unknown; readonly details?: unknown };
  const facts = typeof details === 'object' && details !== null ? { ...details, cause: undefined } : undefined;
  return {
    type: error.name,
    message: redactText(error.message),
    ...(code !== undefined && { code: again(code) }),
    ...(facts !== undefined && { details: again(facts) }),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(error.cause !== undefined && { cause: again(error.cause) }),
    ...(error instanceof AggregateError && { errors: error.errors.map(again) }),
  };
}
