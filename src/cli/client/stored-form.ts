import { parseNewReceiver } from '../../api/receiver-body.ts';
import { ServiceError } from '../../domain/errors.ts';
import { drivers } from '../../drivers/drivers.ts';
import { formats } from '../../formats/formats.ts';
import { isPlainObject } from '../../receivers/receiver-settings.ts';

/** What the service stores for a receiver, in the words of its own API and without secrets. */
export type StoredForm = Readonly<Record<string, unknown>> & { readonly config: Readonly<Record<string, unknown>> };

/** What the service would answer to a receiver before it asks Rancher anything. */
export type Reading =
  | { readonly kind: 'stored'; readonly form: StoredForm }
  | { readonly kind: 'refused'; readonly field: string; readonly message: string };

/**
 * Reads the body that makes or edits a receiver by the service's own schemas: defaults filled in, a port as text, headers in
 * lower case. `heldKind` is the kind of signature of which the receiver has secrets already: they are not known here.
 */
export function readAsStored(body: Readonly<Record<string, unknown>>, heldKind?: unknown): Reading {
  const { signature } = body;
  const isHeld = isPlainObject(signature) && signature['kind'] === heldKind;
  const given = isHeld ? { ...body, signature: { ...signature, secrets: [{ secret: 'stands-in:for-it' }] } } : body;
  try {
    const settings = parseNewReceiver(given, { drivers, formats });
    // As JSON, which knows no undefined fields.
    const { signature: parsed, ...form } = JSON.parse(JSON.stringify(settings)) as StoredForm;
    if (!isPlainObject(parsed)) return { kind: 'stored', form };
    const { secrets: _secrets, ...demanded } = parsed;
    return { kind: 'stored', form: { ...form, signature: demanded } };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { kind: 'refused', field: error.details.fieldName ?? '', message: error.message };
  }
}
