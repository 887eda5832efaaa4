import * as z from 'zod';

/** A place in a body, as RFC 6901 writes it: `/alerts/0/labels/count`. An empty text is the whole body. */
export const JsonPointer = z
  .string({ error: 'a JSON pointer is needed, such as /build/number' })
  .max(500, { error: 'a JSON pointer of at most 500 characters is needed' })
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, {
    error: (issue) =>
      `Invalid JSON pointer ${JSON.stringify(issue.input)}; begin with / and write ~ as ~0 and / in a name as ~1, as in /build/number`,
  });

/** What stands at `pointer`; undefined when nothing does. Only a document's own fields are found, never inherited ones. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null) return undefined;
    // RFC 6901 §4: no leading zeros, no sign: `length` and `01` are no elements of an array.
    if (Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(name)) return undefined;
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
