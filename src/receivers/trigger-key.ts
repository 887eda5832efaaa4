import { createHash, randomInt } from 'node:crypto';

// An underscore stands in no key of ours or of the old service, so a stored hash is never taken for a key.
const hashedForm = /^h1_[\w-]{43}$/;

/** A new trigger key: 40 alphanumerics from the system's random source, as the old service makes them. */
export function newKey(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length: 40 }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/**
 * What is stored of a key with `TRIGGER_KEYS=hashed`. SHA-256 without a secret: 238 random bits cannot be guessed, and
 * triggers go on working when the sealing key is lost.
 */
export function hashKey(key: string): string {
  return `h1_${createHash('sha256').update(`receiver-hooks trigger key ${key}`).digest('base64url')}`;
}

/** Whether a stored key is a hash. */
export function isHashedKey(storedKey: string): boolean {
  return hashedForm.test(storedKey);
}
