import * as z from 'zod';
import type { Format } from './format.ts';

const Settings = z.strictObject({});

/** Any sender that has no format of its own: every call fires, whatever its body says. */
export const generic: Format<z.infer<typeof Settings>> = {
  id: 'generic',
  body: 'any',
  Settings,
  recognises: () => false,
  read: () => ({ says: 'fire', reason: 'called' }),
};
