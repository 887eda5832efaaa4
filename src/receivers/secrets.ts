import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { ServiceError } from '../domain/errors.ts';
import type { Sealing } from './sealing.ts';

/** A secret as it lies in Rancher. */
export const HeldSecret = z.object({
  id: z.string().regex(/^[\w-]{1,40}$/),
  /** ISO 8601. */
  created: z.string(),
  sealed: z.string(),
});

export type HeldSecret = z.infer<typeof HeldSecret>;

/** A secret that was just given or made: shown once, sealed when it is stored. */
interface FreshSecret {
  readonly id: string;
  readonly created: string;
  readonly plain: string;
  /** Only what was made here is shown: who gave one knows it. */
  readonly origin: 'given' | 'made';
}

export type Secret = HeldSecret | FreshSecret;

/** One secret as the API takes it: `{id}` keeps a held one, `{secret}` brings a new one, `{}` has one made. */
export const GivenSecret = z.strictObject({
  id: z.string().optional(),
  secret: z
    .string()
    .min(12, 'a secret needs at least 12 characters')
    .max(256, 'a secret has at most 256 characters')
    // A header's value arrives without blanks at its ends, and Rancher's proxy takes `rancher:` off its beginning.
    .regex(
      /^(?!rancher:)[\x21-\x7e]+$/,
      'a secret is made of printable ASCII without blanks, and does not begin with rancher:',
    )
    .optional(),
  /** What the API shows beside the id; sent back by those who read, change and save. */
  created: z.string().optional(),
});

export type GivenSecret = z.infer<typeof GivenSecret>;

/**
 * The secrets of a field after an edit. Two at once, so that sender and receiver need not change in the same moment.
 * @throws ServiceError SECRET_UNKNOWN for an id that the receiver does not hold.
 */
export function mergeSecrets(
  given: readonly GivenSecret[] | undefined,
  held: readonly Secret[],
  fieldName: string,
): readonly Secret[] {
  if (given === undefined) return held.length > 0 ? held : [freshSecret(undefined)];
  return given.map(({ id, secret }) => {
    if (id === undefined || secret !== undefined) return freshSecret(secret);
    const kept = held.find((candidate) => candidate.id === id);
    if (kept !== undefined) return kept;
    throw new ServiceError(
      'SECRET_UNKNOWN',
      `the receiver holds no secret ${id.slice(0, 40)}; name one that it shows, or give a new one as {"secret": "…"}`,
      { fieldName: `${fieldName}.secrets` },
    );
  });
}

function freshSecret(secret: string | undefined): FreshSecret {
  return {
    id: randomBytes(6).toString('hex'),
    created: new Date().toISOString(),
    plain: secret ?? randomBytes(32).toString('base64url'),
    origin: secret === undefined ? 'made' : 'given',
  };
}

/** Where a receiver's secrets belong. */
export interface SecretOwner {
  readonly projectId: string;
  /** The receiver's own random name for its secrets. */
  readonly uid: string;
}

export function sealSecret(secret: Secret, fieldName: string, owner: SecretOwner, sealing: Sealing): HeldSecret {
  if ('sealed' in secret) return secret;
  const { id, created, plain } = secret;
  return { id, created, sealed: sealing.seal(plain, placeOf(id, fieldName, owner)) };
}

/** @throws ServiceError SEALING_KEY_CHANGED, SETTINGS_INVALID as `Sealing.open`. */
export function openSecret(secret: HeldSecret, fieldName: string, owner: SecretOwner, sealing: Sealing): string {
  return sealing.open(secret.sealed, placeOf(secret.id, fieldName, owner));
}

function placeOf(id: string, fieldName: string, { projectId, uid }: SecretOwner) {
  return { projectId, receiver: uid, field: `${fieldName} secret ${id}` };
}
