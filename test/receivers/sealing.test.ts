import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readOrMakeSealingKey } from '../../src/receivers/sealing-key-file.ts';
import { createSealing, isSealed } from '../../src/receivers/sealing.ts';

const key = Buffer.alloc(32, 1);
const place = { projectId: '1a5', receiver: 'u1', field: 'signature' };
const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
  return 'opened';
};

describe('receivers/sealing', () => {
  it('opens what it sealed, and never seals alike twice', () => {
    const sealing = createSealing(key);

    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = sealing.seal(text, place);
        expect(isSealed(sealed)).toBe(true);
        expect(sealing.open(sealed, place)).toBe(text);
        expect(sealing.seal(text, place)).not.toBe(sealed);
      }),
    );
  });

  it.each([
    ['project', { ...place, projectId: '1a7' }],
    ['receiver', { ...place, receiver: 'u2' }],
    ['field', { ...place, field: 'callback' }],
    ['spelling', { projectId: '1a5', receiver: 'u1","signature', field: '' }],
  ])('does not open in another %s', (_what, elsewhere) => {
    const sealing = createSealing(key);

    expect(codeOf(() => sealing.open(sealing.seal('secret', place), elsewhere))).toBe('SETTINGS_INVALID');
  });

  it('does not open what was changed in any place', () => {
    const sealing = createSealing(key);
    const sealed = sealing.seal('secret', place);

    for (let at = 'sealed:1:'.length + 17; at < sealed.length - 1; at += 1) {
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
      expect(codeOf(() => sealing.open(changed, place))).toBe('SETTINGS_INVALID');
    }
    expect(codeOf(() => sealing.open('secret', place))).toBe('SETTINGS_INVALID');
  });

  it('names both keys and the remedy when the key was changed, and shows nothing of either', () => {
    const before = createSealing(key);
    const after = createSealing(Buffer.alloc(32, 2));
    const sealed = before.seal('secret', place);

    expect(() => after.open(sealed, place)).toThrow(
      new RegExp(`sealed with the key ${before.keyId}, .* has ${after.keyId}; put the old SEALING_KEY back, or save`),
    );
    expect(codeOf(() => after.open(sealed, place))).toBe('SEALING_KEY_CHANGED');
    expect(key.toString('hex')).not.toContain(before.keyId);
  });

  it('tells its own signature from a forged one and from that of another key', () => {
    const sealing = createSealing(key);
    const proof = sealing.sign('text');

    expect(sealing.verify(proof, 'text')).toBe('genuine');
    expect(sealing.verify(proof, 'other')).toBe('forged');
    expect(sealing.verify(`${sealing.keyId}.`, 'text')).toBe('forged');
    expect(sealing.verify('', 'text')).toBe('other-key');
    expect(createSealing(Buffer.alloc(32, 2)).verify(proof, 'text')).toBe('other-key');
  });

  it('takes no key of another length', () => {
    expect(() => createSealing(Buffer.alloc(16))).toThrow(/32 bytes/);
  });
});

describe('receivers/sealing-key-file', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sealing-key-test-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  it('makes a key once, for its user alone, and finds it again', async () => {
    const made = await readOrMakeSealingKey(directory);

    expect(made.byteLength).toBe(32);
    expect((await stat(join(directory, 'sealing.key'))).mode & 0o777).toBe(0o600);
    expect(Buffer.from(await readOrMakeSealingKey(directory))).toEqual(Buffer.from(made));
  });

  it('stops at a file that holds something else instead of writing a new key over it', async () => {
    const text = 'not a key\n';
    await writeFile(join(directory, 'sealing.key'), text);

    await expect(readOrMakeSealingKey(directory)).rejects.toMatchObject({ code: 'SEALING_KEY_UNUSABLE' });
    expect(await readFile(join(directory, 'sealing.key'), 'utf8')).toBe(text);
  });

  it('says so when there is no place for it', async () => {
    await expect(readOrMakeSealingKey(join(directory, 'gone'))).rejects.toMatchObject({ code: 'SEALING_KEY_UNUSABLE' });
  });
});
