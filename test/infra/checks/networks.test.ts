import { describe, expect, it } from '@jest/globals';
import { changed, complaintsAfter, mistakesIn } from '../support/example.ts';

describe('infra/src/checks/networks', () => {
  it.each([
    ['network.cidr', 'banana', 'network.cidr: it is not an IPv4 network'],
    ['network.cidr', '10.100.0.1/16', 'network.cidr: it has bits set after the first 16'],
    ['network.cidr', '8.8.0.0/16', 'network.cidr: it is not private address space'],
    ['network.cidr', '10.42.0.0/16', "network.cidr: it overlaps 10.42.0.0/16, Rancher's network for containers"],
    ['network.cidr', '10.0.0.0/8', 'network.cidr: it overlaps 10.42.0.0/16'],
    ['network.cidr', '172.16.0.0/12', 'network.cidr: it overlaps 172.17.0.0/16, the bridge Docker makes'],
    ['network.cidr', '10.100.0.0/29', 'network.cidr: Aliyun takes no prefix length of 29'],
    ['network.containerCidr', '10.42.0.0/99', 'network.containerCidr: it is not an IPv4 network'],
    ['network.containerCidr', '10.100.128.0/17', 'network.cidr: it overlaps 10.100.128.0/17'],
    ['network.zones.1.cidr', 'banana', 'network.zones[1].cidr: it is not an IPv4 network'],
    ['network.zones.1.cidr', '10.100.2.7/24', 'network.zones[1].cidr: it has bits set'],
    ['network.zones.1.cidr', '172.21.2.0/24', 'network.zones[1].cidr: it is outside network.cidr 10.100.0.0/16'],
    ['network.zones.1.cidr', '10.100.1.128/25', 'network.zones[1].cidr: it overlaps network.zones[0].cidr'],
    ['network.zones.1.cidr', '10.100.2.0/30', 'network.zones[1].cidr: Aliyun takes no prefix length of 30'],
    ['network.rancherCidrs', ['0.0.0.0/0'], 'network.rancherCidrs[0]: ports 22 and 2376 give root'],
    ['network.rancherCidrs', ['203.0.113.10'], 'network.rancherCidrs[0]: it is not an IPv4 network'],
    ['network.rancherCidrs', ['203.0.113.10/24'], 'network.rancherCidrs[0]: it has bits set'],
  ])('refuses %s = %j', (path, value, complaint) => {
    expect(complaintsAfter(path, value)).toContainEqual(expect.stringContaining(complaint));
  });

  it.each([
    ['network.cidr', '10.100.0.0/14'],
    ['network.zones.1.cidr', '10.100.128.0/17'],
    ['network.zones.1.cidr', '10.100.2.0/29'],
    ['network.containerCidr', '10.99.0.0/16'],
    ['network.rancherCidrs', ['203.0.113.0/24', '198.51.100.4/32']],
  ])('takes %s = %j', (path, value) => {
    expect(complaintsAfter(path, value)).toEqual([]);
  });

  it('names value and remedy', () => {
    const [mistake] = mistakesIn(changed('network.zones.0.cidr', '10.100.1.9/24'));
    expect(mistake).toMatchObject({ value: '10.100.1.9/24', remedy: 'write 10.100.1.0/24' });
  });
});
