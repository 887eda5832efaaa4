import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { cidr, contains, isPrivateAddress, overlaps, parseCidr, showCidr } from '../../../infra/src/checks/cidr.ts';

const anyCidr = fc
  .tuple(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 32 }))
  .map(([address, prefixLength]) => ({ first: address - (address % 2 ** (32 - prefixLength)), prefixLength }));

describe('infra/src/checks/cidr', () => {
  it('reads what it shows', () => {
    fc.assert(fc.property(anyCidr, (network) => expect(parseCidr(showCidr(network))).toEqual({ cidr: network })));
  });

  it('says that two networks overlap exactly when one contains the other', () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (one, other) => {
        expect(overlaps(one, other)).toBe(contains(one, other) || contains(other, one));
      }),
    );
  });

  it.each(['banana', '', '10.0.0.0', '10.0.0/8', '10.0.0.256/32', '10.0.0.0/33', '10.0.0.0/08', '010.0.0.0/8', '::/0'])(
    'does not read %j',
    (text) => {
      expect(parseCidr(text)).toMatchObject({ problem: 'it is not an IPv4 network' });
    },
  );

  it('offers the network when bits of a host are set', () => {
    expect(parseCidr('10.100.1.5/24')).toMatchObject({ remedy: 'write 10.100.1.0/24' });
  });

  it.each([
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['8.8.8.8', false],
    ['hooks.example.com', false],
  ])('knows whether %s is out of reach from the internet', (address, isPrivate) => {
    expect(isPrivateAddress(address)).toBe(isPrivate);
  });

  it('throws on a bad constant', () => {
    expect(() => cidr('10.0.0.1/8')).toThrow('bits set');
  });
});
