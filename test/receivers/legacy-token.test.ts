import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { createLegacyTokenReader } from '../../src/receivers/legacy-token.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const others = generateKeyPairSync('rsa', { modulusLength: 2048 });
const claims = { driver: 'scaleService', projectId: '1a5', uuid: 'abc', config: { serviceId: '1s5' } };
const sign = (payload: Record<string, unknown> = claims, key = keys.privateKey, alg = 'RS256'): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(key);

describe('receivers/legacy-token', () => {
  it.each(['spki', 'pkcs1'] as const)('reads the claims with a public key as %s', async (type) => {
    const read = createLegacyTokenReader(keys.publicKey.export({ type, format: 'pem' }).toString());

    expect(await read(await sign())).toEqual(claims);
  });

  const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  it.each([
    ['is not a token', () => Promise.resolve('abc.def.ghi'), /not a readable RS256 token/],
    ['is empty', () => Promise.resolve(''), /not a readable RS256 token/],
    ['is signed by another key', () => sign(claims, others.privateKey), /signature does not match/],
    ['is signed in another way', () => sign(claims, keys.privateKey, 'PS256'), /only RS256/],
    [
      'is not signed',
      () => Promise.resolve(`${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.`),
      /only RS256|not a readable/,
    ],
    ['has no uuid', () => sign({ ...claims, uuid: undefined }), /claim uuid is missing/],
    [
      'has a config of a wrong type',
      () => sign({ ...claims, config: 'x' }),
      /claim config is missing or of the wrong type/,
    ],
    ['has expired', () => sign({ ...claims, exp: 1 }), /has expired/],
  ])('refuses a token that %s', async (_what, make, reason) => {
    const read = createLegacyTokenReader(pem);

    await expect(read(await make())).rejects.toMatchObject({
      code: 'TRIGGER_INVALID',
      message: expect.stringMatching(/^Invalid token error: /) as unknown,
    });
    await expect(read(await make())).rejects.toThrow(reason);
  });

  it('refuses every token when no public key is configured', async () => {
    await expect(createLegacyTokenReader(undefined)(await sign())).rejects.toMatchObject({ code: 'TRIGGER_INVALID' });
  });

  it('refuses a text that is no RSA public key without repeating it', () => {
    expect(() => createLegacyTokenReader('secret text')).toThrow(/no RSA public key/);
    expect(() => createLegacyTokenReader('secret text')).not.toThrow(/secret text/);
  });
});
