import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { classifyAddress, hostOf, isSameAddress, mayDial } from '../../src/domain/address-policy.ts';

describe('domain/address-policy', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.0.192',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '0:0:0:0:0:ffff:6464:64c8',
    '64:ff9b::7f00:1',
    '64:ff9b::100.100.100.200',
    '2002:7f00:1::',
    'fe80::1',
    'ff02::1',
    'fd00:ec2::254',
    '2001:db8::1',
  ])('never dials %s', (address) => {
    expect(classifyAddress(address)).toBe('refused');
    expect(mayDial(address, 'allowed')).toBe(false);
  });

  it.each([
    '0177.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '10.0.0.256',
    '10.0.0.1/8',
    ' 10.0.0.1',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7',
    '1::2::3',
    '::ffff:010.0.0.1',
    'localhost',
    '[::1]',
    '',
    '1'.repeat(100),
  ])('takes %j for no address', (text) => {
    expect(classifyAddress(text)).toBe('refused');
  });

  it.each(['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd12::1', '::ffff:10.1.2.3'])(
    'dials %s only where the operator allows it',
    (address) => {
      expect(mayDial(address, 'refused')).toBe(false);
      expect(mayDial(address, 'allowed')).toBe(true);
    },
  );

  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'])(
    'dials %s',
    (address) => {
      expect(mayDial(address, 'refused')).toBe(true);
    },
  );

  it('judges an address alike however IPv6 carries it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(classifyAddress(`::ffff:${address}`)).toBe(classifyAddress(address));
        expect(classifyAddress(`64:ff9b::${address}`)).toBe(classifyAddress(address));
      }),
    );
  });

  it.each([
    ['10.0.0.5', '10.0.0.5'],
    ['10.0.0.5', '::ffff:10.0.0.5'],
    ['10.0.0.5', '::FFFF:a00:5'],
    ['10.0.0.5', '0:0:0:0:0:ffff:0a00:0005'],
    ['10.0.0.5', '64:ff9b::10.0.0.5'],
    ['10.0.0.5', '2002:a00:5::1'],
    ['::ffff:10.0.0.5', '2002:a00:5::'],
    ['fd00::5', 'FD00:0:0:0::0005'],
    ['2606:4700::1111', '2606:4700:0:0:0:0:0:1111'],
  ])('knows %s again as %s', (one, other) => {
    expect(isSameAddress(one, other)).toBe(true);
    expect(isSameAddress(other, one)).toBe(true);
  });

  it.each([
    ['10.0.0.5', '10.0.0.6'],
    ['10.0.0.5', '::ffff:10.0.0.6'],
    ['fd00::5', 'fd00::6'],
    ['0.0.0.5', '::ffff:0:5:5'],
    ['rancher.example', 'rancher.example'],
    ['', ''],
  ])('takes %j and %j for two', (one, other) => {
    expect(isSameAddress(one, other)).toBe(false);
  });

  it('takes the brackets of IPv6 away from the host of a URL', () => {
    const hosts = ['http://[fd00::5]:8080/v1', 'http://10.0.0.5:8080/', 'http://rancher.example/'];
    expect(hosts.map((url) => hostOf(new URL(url)))).toEqual(['fd00::5', '10.0.0.5', 'rancher.example']);
  });

  it('answers something for every text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,40}$/)), (text) => {
        expect(['public', 'private', 'refused']).toContain(classifyAddress(text));
      }),
    );
  });
});
