import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { callerOf } from '../../src/api/caller.ts';

const requestWith = (headers: Readonly<Record<string, string>>): IncomingMessage =>
  ({ headers }) as unknown as IncomingMessage;

describe('api/caller', () => {
  it("passes a session on with Rancher's own two cookies and nothing else", () => {
    const request = requestWith({ cookie: 'PL=rancher; token=T=1; CSRF=C; other=x', 'x-api-csrf': 'C' });

    expect(callerOf(request, 'own-port')).toEqual({
      kind: 'rancher-credentials',
      credentials: { cookie: 'token=T=1; CSRF=C', csrf: 'C' },
    });
  });

  it.each([
    ['no header', { cookie: 'token=T; CSRF=C' }],
    ['another value', { cookie: 'token=T; CSRF=C', 'x-api-csrf': 'D' }],
    ['no CSRF cookie', { cookie: 'token=T', 'x-api-csrf': 'C' }],
  ])('refuses a session with %s', (_what, headers) => {
    expect(() => callerOf(requestWith(headers), 'own-port')).toThrow(/X-Api-Csrf/);
  });

  it('prefers an API key to a session, and takes neither for a wrong one', () => {
    const request = requestWith({ authorization: 'Basic eA==', cookie: 'token=T' });

    expect(callerOf(request, 'own-port')).toEqual({
      kind: 'rancher-credentials',
      credentials: { authorization: 'Basic eA==' },
    });
    expect(callerOf(requestWith({}), 'own-port')).toEqual({ kind: 'rancher-credentials', credentials: undefined });
  });

  it("reads the proxy's roles with and without v1-, and ignores credentials there", () => {
    const request = requestWith({
      authorization: 'Basic eA==',
      cookie: 'token=T',
      'x-api-roles': 'v1-owner, member,,V1-ReadOnly',
      'x-api-project-id': '1a5',
    });

    expect(callerOf(request, 'rancher-proxy')).toEqual({
      kind: 'rancher-proxy',
      roles: ['owner', 'member', 'readonly'],
      projectId: '1a5',
    });
  });
});
