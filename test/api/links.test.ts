import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { baseUrlOf } from '../../src/api/links.ts';

const requestWith = (headers: Readonly<Record<string, string>>): IncomingMessage =>
  ({ headers, socket: { localPort: 8085 } }) as unknown as IncomingMessage;

describe('api/links', () => {
  it.each([
    [{ host: '127.0.0.1:8085' }, 'http://127.0.0.1:8085'],
    [{ host: 'rancher' }, 'http://rancher'],
    [{ host: '[::1]:8085' }, 'http://[::1]:8085'],
    [
      { host: 'x', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example.org', 'x-forwarded-port': '443' },
      'https://r.example.org',
    ],
    [
      { host: 'x', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example.org', 'x-forwarded-port': '8443' },
      'https://r.example.org:8443',
    ],
    [{ host: 'x', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'r.example.org:8080' }, 'http://r.example.org:8080'],
    [{ host: 'x:80', 'x-forwarded-proto': 'https' }, 'https://x:80'],
  ])('reads %j', (headers, expected) => {
    expect(baseUrlOf(requestWith(headers), undefined)).toBe(expected);
  });

  it.each([
    'evil.example/path',
    'evil.example@good',
    'evil.example#x',
    'evil.example?x',
    'a b',
    'evil.example:99999',
    'evil.example:x',
    'a,b',
    '"><script>',
    '-x',
    '',
  ])('does not believe the host %j', (host) => {
    expect(baseUrlOf(requestWith({ host: 'good:1', 'x-forwarded-host': host }), undefined)).toBe('http://good:1');
    expect(baseUrlOf(requestWith({ host }), undefined)).toBe('http://localhost:8085');
  });

  it.each(['javascript', 'ftp', 'https,http'])('does not believe the protocol %j', (proto) => {
    expect(baseUrlOf(requestWith({ host: 'good', 'x-forwarded-proto': proto }), undefined)).toBe('http://good');
  });

  it('uses the configured address whatever the headers say', () => {
    const headers = { host: 'x', 'x-forwarded-host': 'y' };

    expect(baseUrlOf(requestWith(headers), 'https://hooks.example.org')).toBe('https://hooks.example.org');
  });
});
