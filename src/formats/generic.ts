import * as z from 'zod';
import type { Format } from './format.ts';
import { readShape } from './parsed-trigger.ts';
import { pointerSettings, readPointed } from './pointers/pointed-values.ts';

const Settings = z.strictObject(pointerSettings);

/**
 * Any sender that has no format of its own. Without settings every call fires, whatever its body says; with them the body,
 * JSON or a form, must hold what they point at.
 */
export const generic: Format<z.infer<typeof Settings>> = {
  id: 'generic',
  body: 'any',
  Settings,
  recognises: () => false,
  read({ json, form }, settings) {
    if (Object.keys(settings).length === 0) return { says: 'fire', reason: 'called' };
    const document = form === undefined ? json : Object.fromEntries(form);
    return readPointed(readShape(Document, document), settings, { reason: 'called' });
  },
};

const Document = z.union([z.looseObject({}), z.array(z.unknown())], {
  error: 'a JSON object or array, or a form, is needed',
});
