import * as z from 'zod';
import { ServiceError } from '../domain/errors.ts';
import type { Sealing } from './sealing.ts';
import { GivenSecret, HeldSecret, mergeSecrets, openSecret, sealSecret } from './secrets.ts';
import type { Secret, SecretOwner } from './secrets.ts';

/** Where the outcome of each execution is posted, as it lies in Rancher. The address is sealed: many hold a token. */
export const HeldCallback = z.object({
  /** Shown to people; the rest of the address is not. */
  host: z.string().max(255),
  url: HeldSecret,
  secrets: z.array(HeldSecret).min(1).max(2),
});
export type HeldCallback = z.infer<typeof HeldCallback>;

const GivenCallback = z.strictObject({
  url: z.string().max(2_048).optional(),
  /** What the API shows; sent back by those who read, change and save. */
  host: z.string().optional(),
  secrets: z.array(GivenSecret).min(1).max(2).optional(),
});

/** The callback of a receiver, as its owner sets it. */
export interface CallbackSettings {
  readonly host: string;
  readonly url: Secret;
  readonly secrets: readonly Secret[];
}

/**
 * The `callback` of a receiver from a body; null takes it away, a missing `url` keeps the held one.
 * @throws ServiceError SETTINGS_INVALID, SECRET_UNKNOWN; the address is not repeated.
 */
export function parseCallback(given: unknown, current: CallbackSettings | undefined): CallbackSettings | undefined {
  if (given === null || given === undefined) return undefined;
  const parsed = GivenCallback.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(['callback', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'it is not valid');
  }
  const { url: text, secrets } = parsed.data;
  if (text === undefined) {
    if (current === undefined) throw refuse('callback.url', 'it is missing; write where to post to');
    return { ...current, secrets: mergeSecrets(secrets, current.secrets, 'callback') };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw refuse('callback.url', 'an http or https address without a user is needed');
  }
  return {
    host: url.host,
    url: { id: 'url', created: new Date().toISOString(), plain: url.href, origin: 'given' },
    // A secret that the old address knows is not handed to another one.
    secrets: mergeSecrets(secrets, current?.host === url.host ? current.secrets : [], 'callback'),
  };
}

export function sealCallback(callback: CallbackSettings, owner: SecretOwner, sealing: Sealing): HeldCallback {
  return {
    host: callback.host,
    url: sealSecret(callback.url, 'callback', owner, sealing),
    secrets: callback.secrets.map((secret) => sealSecret(secret, 'callback', owner, sealing)),
  };
}

/** What a delivery needs. @throws ServiceError SEALING_KEY_CHANGED, SETTINGS_INVALID as `Sealing.open`. */
export function openCallback(
  callback: HeldCallback,
  owner: SecretOwner,
  sealing: Sealing,
): { readonly url: string; readonly secrets: readonly string[] } {
  return {
    url: openSecret(callback.url, 'callback', owner, sealing),
    secrets: callback.secrets.map((secret) => openSecret(secret, 'callback', owner, sealing)),
  };
}

function refuse(fieldName: string, message: string): ServiceError {
  return new ServiceError('SETTINGS_INVALID', `Invalid ${fieldName}: ${message}`, { fieldName });
}
