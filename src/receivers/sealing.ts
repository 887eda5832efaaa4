import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { ServiceError } from '../domain/errors.ts';

/** Where a sealed text belongs: moved to another project, receiver or field it cannot be opened. */
interface SealedPlace {
  readonly projectId: string;
  /** The receiver's own random name for its secrets, which outlives a change of object. */
  readonly receiver: string;
  readonly field: string;
}

/** Keeps secrets in a place that others can read and write, and tells what we wrote there from what others did. */
export interface Sealing {
  /** Names the key without telling anything about it. */
  readonly keyId: string;
  /** AES-256-GCM; the same text sealed twice looks different. */
  seal(text: string, place: SealedPlace): string;
  /**
   * @throws ServiceError SEALING_KEY_CHANGED when it was sealed with another key; SETTINGS_INVALID when it was damaged or
   * belongs to another place.
   */
  open(sealed: string, place: SealedPlace): string;
  /** HMAC-SHA256 with a key of its own, as `<key id>.<base64url>`. */
  sign(text: string): string;
  /** In constant time. `other-key`: it names another key, so it cannot be told. */
  verify(proof: string, text: string): 'genuine' | 'forged' | 'other-key';
}

export const sealingKeyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const sealedForm = /^sealed:1:(?<keyId>[0-9a-f]{16}):(?<bytes>[\w-]{38,})$/;

/** Whether a stored text has the form of a sealed one. */
export function isSealed(text: unknown): text is string {
  return typeof text === 'string' && sealedForm.test(text);
}

/**
 * Sealing with one key; for every use its own is derived (HKDF-SHA256, RFC 5869).
 * @param key 32 random bytes.
 */
export function createSealing(key: Uint8Array): Sealing {
  if (key.byteLength !== sealingKeyBytes) throw new RangeError('a sealing key has 32 bytes');
  const derive = (use: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', `receiver-hooks ${use}`, 32));
  const cipherKey = derive('sealed secrets');
  const proofKey = derive('provenance');
  const keyId = derive('key id').subarray(0, 8).toString('hex');
  const macOf = (text: string): Buffer => createHmac('sha256', proofKey).update(text).digest();

  return {
    keyId,
    seal(text, place) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', cipherKey, iv).setAAD(associated(place));
      const bytes = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `sealed:1:${keyId}:${bytes.toString('base64url')}`;
    },
    open(sealed, place) {
      const parts = sealedForm.exec(sealed)?.groups;
      if (parts === undefined) throw damaged(place);
      if (parts['keyId'] !== keyId) throw sealedByAnother(parts['keyId'] ?? '', keyId, place);
      const bytes = Buffer.from(parts['bytes'] ?? '', 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', cipherKey, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(associated(place))
        .setAuthTag(bytes.subarray(-tagBytes));
      try {
        const text = decipher.update(bytes.subarray(ivBytes, -tagBytes));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        throw damaged(place);
      }
    },
    sign: (text) => `${keyId}.${macOf(text).toString('base64url')}`,
    verify(proof, text) {
      const [namedKey = '', mac = ''] = proof.split('.', 2);
      if (namedKey !== keyId) return 'other-key';
      const given = Buffer.from(mac, 'base64url');
      const expected = macOf(text);
      return given.length === expected.length && timingSafeEqual(given, expected) ? 'genuine' : 'forged';
    },
  };
}

/** JSON, because joined with a separator two different places could spell the same. */
function associated({ projectId, receiver, field }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([projectId, receiver, field]), 'utf8');
}

function sealedByAnother(sealedWith: string, keyId: string, { field }: SealedPlace): ServiceError {
  return new ServiceError(
    'SEALING_KEY_CHANGED',
    `the receiver's ${field} was sealed with the key ${sealedWith}, and this service has ${keyId}; put the old SEALING_KEY back, or save the receiver with new secrets and rotate its key`,
    { fieldName: field },
  );
}

function damaged({ field }: SealedPlace): ServiceError {
  return new ServiceError(
    'SETTINGS_INVALID',
    `the receiver's ${field} was changed by somebody else or belongs to another receiver; save the receiver again with new secrets`,
    { fieldName: field },
  );
}
