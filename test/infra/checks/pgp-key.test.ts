import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pgpKeyProblems } from '../../../infra/src/checks/pgp-key.ts';
import { complaintsAfter } from '../support/example.ts';

const fixtures = readFileSync(join(import.meta.dirname, '../fixtures/pgp-keys.json'), 'utf8');
const { keys } = JSON.parse(fixtures) as { readonly keys: Readonly<Record<string, string>> };
const now = new Date('2026-11-24');

function problemOf(name: string): string[] {
  return pgpKeyProblems(keys[name] ?? '', now);
}

describe('infra/src/checks/pgp-key', () => {
  it.each(['ed25519 with cv25519', 'rsa3072 with rsa3072'])('takes %s', (name) => {
    expect(problemOf(name)).toEqual([]);
  });

  it.each([
    ['sign only', 'no subkey for encryption'],
    ['expired subkey', 'have expired or are revoked'],
    ['revoked subkey', 'have expired or are revoked'],
    ['expired key', 'the key has expired'],
    ['armoured', 'ASCII armour'],
  ])('refuses %s', (name, reason) => {
    expect(problemOf(name).join()).toContain(reason);
  });

  it('takes a key that ends later, and refuses it from then on', () => {
    const key = keys['expired subkey'] ?? '';
    expect(pgpKeyProblems(key, new Date('2020-06-01'))).toEqual([]);
    expect(pgpKeyProblems(key, new Date('2021-06-01'))).toHaveLength(1);
  });

  it('refuses a private key before it goes anywhere', () => {
    const bytes = Buffer.from(keys['ed25519 with cv25519'] ?? '', 'base64');
    // The same packet under the tag of a secret key (RFC 4880: 6 is public, 5 is secret).
    bytes[0] = ((bytes[0] ?? 0) & ~0x3c) | (5 << 2);
    expect(pgpKeyProblems(bytes.toString('base64'), now).join()).toContain('private key');
  });

  it('refuses two keys in one export', () => {
    const both = [keys['ed25519 with cv25519'], keys['sign only']].map((key) => Buffer.from(key ?? '', 'base64'));
    expect(pgpKeyProblems(Buffer.concat(both).toString('base64'), now).join()).toContain('more than one key');
  });

  it.each([
    ['several lines', (keys['ed25519 with cv25519'] ?? '').replace(/^(.{64})/, '$1\n'), 'not base64 in one line'],
    ['something else', Buffer.from('hello, this is text').toString('base64'), 'no OpenPGP key'],
    ['a cut key', (keys['ed25519 with cv25519'] ?? '').slice(0, 200), 'cut short'],
    ['nothing', '', 'not base64 in one line'],
    ['a keybase name', 'keybase:somebody', 'keybase'],
  ])('refuses %s', (_, text, reason) => {
    expect(pgpKeyProblems(text, now).join()).toContain(reason);
  });

  it('is part of the check of a configuration', () => {
    expect(complaintsAfter('access.secret.publicKey', keys['sign only'])).toEqual([
      expect.stringContaining('access.secret.publicKey: the key can sign only'),
    ]);
  });
});
