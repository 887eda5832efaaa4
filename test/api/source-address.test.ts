import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { sourceAddressOf } from '../../src/api/source-address.ts';

const request = (forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress: '10.0.0.1' },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

describe('api/source-address', () => {
  it.each([
    [0, undefined, '10.0.0.1'],
    [0, '1.1.1.1', '10.0.0.1'],
    [1, '1.1.1.1', '1.1.1.1'],
    [1, '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    [2, '6.6.6.6, 1.1.1.1, 10.0.0.9', '1.1.1.1'],
    [1, '1.1.1.1:4711', '1.1.1.1'],
    [1, '[2001:db8::1]:4711', '2001:db8::1'],
    [1, undefined, undefined],
    [2, '1.1.1.1', undefined],
    [1, '', undefined],
  ])('with %i hops and %s it is %s', (hops, forwarded, address) => {
    expect(sourceAddressOf(request(forwarded), hops)).toBe(address);
  });
});
