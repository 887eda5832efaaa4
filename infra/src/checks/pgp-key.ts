import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { check } from './check.ts';
import type { PublicKey, Subkey } from './openpgp.ts';
import { KeyUnreadable, parsePublicKey } from './openpgp.ts';

/** RSA, RSA encrypt-only, ElGamal, ECDH: what the provider's OpenPGP library encrypts with. */
const encryptingAlgorithms = new Set([1, 2, 16, 18]);
const encryptCommunications = 0x04;

const Reads = z.object({
  access: z.object({ secret: z.object({ kind: z.literal('pgp'), publicKey: z.string() }) }),
});

/**
 * The key the access key's secret is encrypted to. The provider reads it only after Aliyun has made the access key: a bad
 * one leaves a live key whose secret nobody has. So it is checked here, before anything is made.
 */
export const checkPgpKey = check(Reads, ({ access }, { now }) =>
  pgpKeyProblems(access.secret.publicKey, now).map((problem): Mistake => {
    const remedy = 'make a key that can encrypt, and write: gpg --export <its id> | base64 -w0';
    return { path: 'access.secret.publicKey', value: access.secret.publicKey, problem, remedy };
  }),
);

/** What keeps a secret from being encrypted to this text: base64 in one line of a binary export of a public key. */
export function pgpKeyProblems(text: string, now: Date): string[] {
  if (text.includes('BEGIN PGP'))
    return ['it is ASCII armour; the provider takes the bare base64 of the binary export'];
  if (text.startsWith('keybase:')) return ['the provider would fetch it from keybase; write the key itself'];
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return ['it is not base64 in one line'];
  try {
    return keyProblems(parsePublicKey(Buffer.from(text, 'base64')), now);
  } catch (error) {
    if (error instanceof KeyUnreadable) return [`it is no OpenPGP key: ${error.message}`];
    throw error;
  }
}

function keyProblems(key: PublicKey, now: Date): string[] {
  if (key.isSecret) return ['it is a private key: it must never leave its owner; write the public one'];
  if (key.primary.isRevoked) return ['the key is revoked'];
  if (hasEnded(key.primary, now)) return ['the key has expired'];
  const encrypting = key.subkeys.filter(
    (subkey) => encryptingAlgorithms.has(subkey.algorithm) && (subkey.flags & encryptCommunications) !== 0,
  );
  if (encrypting.length === 0) return ['the key can sign only: it has no subkey for encryption'];
  if (encrypting.every((subkey) => subkey.isRevoked || hasEnded(subkey, now))) {
    return ['its subkeys for encryption have expired or are revoked'];
  }
  return [];
}

function hasEnded(key: Subkey, now: Date): boolean {
  return key.lifetimeSeconds > 0 && key.createdSeconds + key.lifetimeSeconds <= now.getTime() / 1000;
}
