import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import * as z from 'zod';
import { ServiceError } from '../domain/errors.ts';

/** What the first webhook service put into the URLs of its hooks (`?token=`), before keys were stored. */
const Claims = z.object({
  driver: z.string().min(1),
  projectId: z.string().min(1),
  /** Key of the genericObject; the token is dead when that object is gone. */
  uuid: z.string().min(1),
  config: z.record(z.string(), z.unknown()),
});

type LegacyClaims = z.infer<typeof Claims>;

/** Checks one `?token=`; throws ServiceError TRIGGER_INVALID for everything that is not a token of ours. */
export type LegacyTokenReader = (token: string) => Promise<LegacyClaims>;

/**
 * A reader for the RS256 tokens of old hooks. Without a public key every token is refused.
 * @param publicKeyPem SubjectPublicKeyInfo (`BEGIN PUBLIC KEY`) or PKCS#1 (`BEGIN RSA PUBLIC KEY`), as text.
 * @throws ServiceError SETTINGS_INVALID when the text is no RSA public key; nothing of it is repeated in the message.
 */
export function createLegacyTokenReader(publicKeyPem: string | undefined): LegacyTokenReader {
  const publicKey = publicKeyPem === undefined ? undefined : parsePublicKey(publicKeyPem);
  return async (token) => {
    if (publicKey === undefined) throw refused('no public key for old token hooks is configured');
    return await readClaims(token, publicKey);
  };
}

async function readClaims(token: string, publicKey: KeyObject): Promise<LegacyClaims> {
  // Few installations have such hooks left; the others need not hold the library in memory.
  const { errors: joseErrors, jwtVerify } = await import('jose');
  try {
    const { payload } = await jwtVerify(token, publicKey, { algorithms: ['RS256'] });
    const claims = Claims.safeParse(payload);
    if (claims.success) return claims.data;
    const fieldName = claims.error.issues[0]?.path.join('.') ?? '';
    throw refused(`the claim ${fieldName} is missing or of the wrong type`);
  } catch (error) {
    if (!(error instanceof joseErrors.JOSEError)) throw error;
    throw refused(reasons[error.code] ?? 'it is not a readable RS256 token', error);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature does not match the configured public key',
  ERR_JOSE_ALG_NOT_ALLOWED: 'only RS256 is accepted',
  ERR_JWT_EXPIRED: 'it has expired',
};

function refused(reason: string, cause?: unknown): ServiceError {
  return new ServiceError('TRIGGER_INVALID', `Invalid token error: ${reason}; use the URL of a receiver with a key`, {
    fieldName: 'token',
    cause,
  });
}

function parsePublicKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // The parser's error may quote the text, which could be a private key pasted by mistake.
  }
  throw new ServiceError(
    'SETTINGS_INVALID',
    'the public key for old token hooks is no RSA public key; give a PEM text that begins with BEGIN PUBLIC KEY or BEGIN RSA PUBLIC KEY',
  );
}
