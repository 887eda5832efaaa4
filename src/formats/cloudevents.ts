import * as z from 'zod';
import type { Format } from './format.ts';
import { readShape, type ParsedTrigger } from './parsed-trigger.ts';
import { pointerSettings, readPointed } from './pointers/pointed-values.ts';

const Settings = z.strictObject({
  types: z
    .array(z.string().min(1).max(500), {
      error: 'types is a list of event types, such as ["com.example.build.finished"]',
    })
    .min(1)
    .max(100)
    .optional(),
  ...pointerSettings,
});

// The required attributes of CloudEvents 1.0 (cloudevents.io, spec.md); their names are lower case in JSON and after `ce-`.
const text = z.string().min(1).max(2000);
const Attributes = z.object({ specversion: z.string().regex(/^\d\.\d$/), id: text, source: text, type: text });

/**
 * CloudEvents over HTTP, structured (one JSON object) and binary mode (`ce-` headers, the body is the data); no batches. Pointers
 * start at the event's data. `source` and `id` name an event for ever, so they are the dedupe key.
 */
export const cloudevents: Format<z.infer<typeof Settings>> = {
  id: 'cloudevents',
  body: 'any',
  Settings,
  recognises(trigger) {
    const parsed = Attributes.safeParse(attributesOf(trigger));
    // Harbor can speak CloudEvents; what it says is read by its own format.
    return parsed.success && !parsed.data.type.startsWith('harbor.');
  },
  read(trigger, { types, ...pointers }) {
    const { type, source, id } = readShape(Attributes, attributesOf(trigger));
    if (types !== undefined && !types.includes(type)) {
      return { says: 'ignore', reason: 'the event is of another type than the receiver waits for' };
    }
    const told = { reason: 'an event arrived', dedupeKey: JSON.stringify([source, id]) };
    return readPointed(dataOf(trigger), pointers, told);
  },
};

function attributesOf(trigger: ParsedTrigger): unknown {
  if (!isBinary(trigger)) return trigger.json;
  const names = ['specversion', 'id', 'source', 'type'];
  return Object.fromEntries(names.map((name) => [name, trigger.headers[`ce-${name}`]]));
}

function dataOf(trigger: ParsedTrigger): unknown {
  if (isBinary(trigger)) return trigger.json;
  return (trigger.json as { readonly data?: unknown }).data;
}

function isBinary({ headers }: ParsedTrigger): boolean {
  return headers['ce-specversion'] !== undefined;
}
