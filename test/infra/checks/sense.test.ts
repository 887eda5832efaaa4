import { describe, expect, it } from '@jest/globals';
import { changed, complaintsAfter, exampleJson, mistakesIn } from '../support/example.ts';

const webRule = { protocol: 'tcp', ports: '8080/8090', cidr: '0.0.0.0/0' };

/** Path, value, and how the complaint begins; by the check that makes it. */
const refusals: Readonly<Record<string, readonly [string, unknown, string][]>> = {
  zones: [
    ['network.zones.0.id', 'cn-beijing-i', 'network.zones[0].id: it is no zone of cn-hangzhou'],
    ['network.zones.0.id', 'cn-hangzhou', 'network.zones[0].id: it is no zone of cn-hangzhou'],
    ['network.zones.0.id', 'cn-hangzhou-j', 'network.zones[1].id: the zone is there twice'],
    ['pools.1.zones', ['cn-hangzhou-k'], 'pools[1].zones[0]: the network has no vSwitch there'],
  ],
  ports: [
    ['network.ingress', [{ ...webRule, ports: '22' }], 'network.ingress[0].ports: it is not a range of ports'],
    ['network.ingress', [{ ...webRule, ports: '-1/-1' }], 'network.ingress[0].ports: it is not a range of ports'],
    ['network.ingress', [{ ...webRule, ports: '90/80' }], 'network.ingress[0].ports: it is not a range of ports'],
    ['network.ingress', [{ ...webRule, ports: '1/65536' }], 'network.ingress[0].ports: it is not a range of ports'],
    ['network.ingress', [{ ...webRule, ports: '20/30' }], 'network.ingress[0].ports: it opens 22, which only Rancher'],
    ['network.ingress', [{ ...webRule, ports: '1/65535' }], 'network.ingress[0].ports: it opens 22 and 2376'],
    ['network.ingress', [{ ...webRule, cidr: 'everyone' }], 'network.ingress[0].cidr: it is not an IPv4 network'],
  ],
  region: [
    ['region', 'mars-1', 'region: Aliyun has no region of that form'],
    ['region', 'cn-chengdu', 'region: the machine driver does not know the region'],
    ['driver', { apiEndpoint: 'ecs.aliyuncs.com' }, 'driver.apiEndpoint: it is not an https address'],
  ],
  names: [
    ['prefix', 'Scaler', 'prefix: it cannot begin the names'],
    ['prefix', 's', 'prefix: it cannot begin the names'],
    ['prefix', '9lives', 'prefix: it cannot begin the names'],
    ['prefix', 'ends-with-', 'prefix: it cannot begin the names'],
    ['prefix', 'far-too-long-for-a-prefix', 'prefix: it cannot begin the names'],
    ['pools.0.name', 'web_pool', 'pools[0].name: it cannot begin the names'],
    ['pools.1.name', 'web', 'pools[1].name: another pool has that name'],
    ['tags', { 'acs:x': 'y' }, 'tags.acs:x: Aliyun keeps'],
    ['tags', { link: 'http://x' }, 'tags.link: Aliyun keeps'],
    ['tags', { list: 'a,b' }, 'tags.list: the machine driver cannot carry it'],
    ['pools.0.tags', { 'a=b': 'c' }, 'pools[0].tags.a=b: the machine driver cannot carry it'],
    ['pools.0.tags', { key: 'v'.repeat(129) }, 'pools[0].tags.key: key or value is too long'],
  ],
  labels: [
    ['pools.0.labels', {}, 'pools[0].labels: a receiver with an empty selector is refused'],
    ['pools.0.labels', { 'io.rancher.host.os': 'linux' }, 'pools[0].labels.io.rancher.host.os: Rancher sets labels'],
    ['pools.0.labels', { 'pool ': 'web' }, 'pools[0].labels.pool : Rancher cannot select by it'],
    ['pools.0.labels', { pool: ' web' }, 'pools[0].labels.pool: Rancher cannot select by it'],
    ['pools.0.labels', { pool: 'batch' }, 'pools[0].labels: they match the hosts of pools[1] (batch), too'],
  ],
  machines: [
    ['pools.0.systemDisk.sizeGib', 10, 'pools[0].systemDisk.sizeGib: it is out of range'],
    ['pools.0.dataDisk.sizeGib', 40_000, 'pools[0].dataDisk.sizeGib: it is out of range'],
    ['pools.1.address.bandwidthMbps', 0, 'pools[1].address.bandwidthMbps: it is out of range'],
    ['pools.0.hosts.min', 11, 'pools[0].hosts.min: it is not below hosts.max 10'],
    ['pools.0.hosts.step', 0, 'pools[0].hosts.step: it is out of range'],
    ['pools.0.instanceType', 'large', 'pools[0].instanceType: it is no ECS instance type'],
    ['pools.0.imageId', 'ubuntu 18', 'pools[0].imageId: it is no image id'],
    ['pools.0.engine.installUrl', '18.09.sh', 'pools[0].engine.installUrl: it is not an address'],
    ['network.nat', undefined, 'pools[0].address.kind: the network has no NAT gateway'],
    ['network.nat.bandwidthMbps', 0, 'network.nat.bandwidthMbps: it is out of range'],
  ],
  secrets: [
    ['acceptInState', [], "acceptInState: an alarm's trigger URL, which is a credential"],
    ['access.secret', { kind: 'state' }, "acceptInState: access.secret.kind state puts the driver's secret"],
    ['access.secret', { kind: 'external', accessKeyId: 'my key' }, 'access.secret.accessKeyId: it is no access key id'],
  ],
  keyGenerations: [
    ['access.keyGenerations', [], 'access.keyGenerations: a RAM user has one or two keys'],
    ['access.keyGenerations', [2, 1], 'access.keyGenerations: a RAM user has one or two keys'],
    ['access.keyGenerations', [1, 2, 3], 'access.keyGenerations: a RAM user has one or two keys'],
  ],
  alarms: [
    ['pools.0.alarms.up.metric', 'cpu total', 'pools[0].alarms.up.metric: it is no metric'],
    ['pools.0.alarms.up.periodSeconds', 7, 'pools[0].alarms.up.periodSeconds: CloudMonitor does not aggregate'],
    ['pools.0.alarms.up.silenceSeconds', 10, 'pools[0].alarms.up.silenceSeconds: CloudMonitor cannot keep quiet'],
    ['pools.0.alarms.up.silenceSeconds', 90_000, 'pools[0].alarms.up.silenceSeconds: CloudMonitor cannot keep quiet'],
    ['pools.0.alarms.up.times', 0, 'pools[0].alarms.up.times: it is out of range'],
    ['pools.0.alarms.up.threshold', 180, 'pools[0].alarms.up.threshold: CPUUtilization is a percentage'],
    [
      'pools.0.alarms.down.threshold',
      80,
      'pools[0].alarms.down.threshold: one CPUUtilization can be up and down at once',
    ],
    ['pools.0.alarms.down.operator', '>', 'pools[0].alarms.down.operator: up and down both call'],
    ['alarms', { effectiveInterval: '0-24' }, 'alarms.effectiveInterval: it is no interval'],
  ],
};

const acceptances: readonly (readonly [string, unknown])[] = [
  ['network.ingress', [webRule, { ...webRule, protocol: 'udp', ports: '2376/2376' }]],
  ['network.nat', 'existing'],
  ['pools.1.zones', undefined],
  ['pools.0.alarms.down', undefined],
  ['pools.0.alarms.down.metric', 'memory_usedutilization'],
  ['pools.0.alarms.up.silenceSeconds', 86_400],
  ['alarms', { effectiveInterval: '08:00-19:59', contacts: ['ops'] }],
  ['access.secret', { kind: 'external', accessKeyId: 'LTAI5tExampleExample1234' }],
  ['pools.0.hosts', { min: 3, max: 4 }],
  ['access.keyGenerations', [4, 5]],
];

describe('infra/src/checks', () => {
  it('finds nothing wrong with the example', () => {
    expect(mistakesIn(exampleJson())).toEqual([]);
  });

  const rows = Object.entries(refusals).flatMap(([check, cases]) => cases.map((row) => [check, ...row] as const));
  it.each(rows)('%s: refuses %s = %j', (_, path, value, complaint) => {
    expect(complaintsAfter(path, value)).toContainEqual(expect.stringContaining(complaint));
  });

  it.each(acceptances)('takes %s = %j', (path, value) => {
    expect(complaintsAfter(path, value)).toEqual([]);
  });

  it('takes a region outside the mainland with its own form of zones', () => {
    const zones = ['a', 'b'].map((letter, index) => ({ id: `ap-southeast-1${letter}`, cidr: `10.100.${index}.0/24` }));
    const abroad = changed('network.zones', zones, changed('region', 'ap-southeast-1'));
    expect(mistakesIn(changed('pools.1.zones', ['ap-southeast-1b'], abroad))).toEqual([]);
  });

  it('takes a region the driver does not know when it is told the endpoint', () => {
    const zones = [{ id: 'cn-chengdu-a', cidr: '10.100.1.0/24' }];
    const elsewhere = changed('network.zones', zones, changed('region', 'cn-chengdu'));
    const named = changed('driver', { apiEndpoint: 'https://ecs.cn-chengdu.aliyuncs.com' }, elsewhere);
    expect(mistakesIn(changed('pools.1.zones', undefined, named))).toEqual([]);
  });

  it('gives every mistake a remedy', () => {
    for (const [, path, value] of rows) {
      for (const mistake of mistakesIn(changed(path, value))) expect(mistake.remedy.length).toBeGreaterThan(10);
    }
  });
});
