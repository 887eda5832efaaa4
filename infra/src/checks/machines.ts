import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import type { Pool } from '../config/shape.ts';
import { check, eachPool, PoolsSeen } from './check.ts';

/** Regions compiled into the machine driver (docker-machine-driver-aliyunecs, 2021-09); others need an API endpoint. */
const driverRegions = new Set(
  [
    'cn-beijing cn-hangzhou cn-hongkong cn-huhehaote cn-qingdao cn-shanghai cn-shenzhen cn-zhangjiakou',
    'cn-shanghai-finance-1 cn-shenzhen-finance-1 us-east-1 us-west-1 eu-central-1 eu-west-1 me-east-1',
    'ap-northeast-1 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5',
  ].flatMap((line) => line.split(' ')),
);

const RegionReads = z.object({
  region: z.string(),
  driver: z.object({ apiEndpoint: z.string().optional() }).default({}),
});

/** The region: a name Aliyun could have, and one the machine driver can reach. */
export const checkRegion = check(RegionReads, ({ region, driver }) => {
  const mistakes: Mistake[] = [];
  if (!/^(cn|us|eu|ap|me|na|sa|af)-[a-z]+(-[a-z0-9]+)*$/.test(region)) {
    const remedy = 'write the id of a region, like cn-hangzhou or eu-central-1';
    mistakes.push({ path: 'region', value: region, problem: 'Aliyun has no region of that form', remedy });
  } else if (!driverRegions.has(region) && driver.apiEndpoint === undefined) {
    mistakes.push({
      path: 'region',
      value: region,
      problem: 'the machine driver does not know the region, and would make hosts nowhere',
      remedy: `set driver.apiEndpoint to its ECS endpoint, https://ecs.${region}.aliyuncs.com`,
    });
  }
  if (driver.apiEndpoint !== undefined && !isUrl(driver.apiEndpoint, ['https:'])) {
    const remedy = `write it like https://ecs.${region}.aliyuncs.com`;
    mistakes.push({
      path: 'driver.apiEndpoint',
      value: driver.apiEndpoint,
      problem: 'it is not an https address',
      remedy,
    });
  }
  return mistakes;
});

const MachineReads = z.object({ pools: PoolsSeen });

/** What a pool's machines are: type, image, disks, address, engine, how many. */
export const checkMachines = check(MachineReads, ({ pools }) =>
  eachPool(pools, (pool, path) => {
    const limits: Limit[] = [
      { name: 'systemDisk.sizeGib', value: pool.systemDisk.sizeGib, least: 20, most: 2048 },
      { name: 'hosts.min', value: pool.hosts.min, least: 0, most: 1000 },
      { name: 'hosts.max', value: pool.hosts.max, least: 1, most: 1000 },
      { name: 'hosts.step', value: pool.hosts.step, least: 1, most: Math.max(1, pool.hosts.max) },
    ];
    if (pool.dataDisk) limits.push({ name: 'dataDisk.sizeGib', value: pool.dataDisk.sizeGib, least: 20, most: 32_768 });
    if (pool.address.kind === 'public') {
      limits.push({ name: 'address.bandwidthMbps', value: pool.address.bandwidthMbps, least: 1, most: 100 });
    }
    return [...limits.flatMap((limit) => rangeMistakes(path, limit)), ...formMistakes(pool, path)];
  }),
);

interface Limit {
  readonly name: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

function formMistakes(pool: Pool, path: string): Mistake[] {
  const mistakes: Mistake[] = [];
  const add = (name: string, value: unknown, problem: string, remedy: string): void => {
    mistakes.push({ path: `${path}.${name}`, value, problem, remedy });
  };
  if (!/^ecs\.[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(pool.instanceType)) {
    add('instanceType', pool.instanceType, 'it is no ECS instance type', 'write one like ecs.g7.large');
  }
  if (!/^[A-Za-z][A-Za-z0-9_.-]+$/.test(pool.imageId)) {
    add('imageId', pool.imageId, 'it is no image id', 'write the id of a public or own image, like m-… or centos_7_…');
  }
  if (!isUrl(pool.engine.installUrl, ['https:', 'http:'])) {
    const remedy = 'write the address of a Docker install script that Rancher 1.6 supports, such as …/18.09.sh';
    add('engine.installUrl', pool.engine.installUrl, 'it is not an address', remedy);
  }
  if (pool.hosts.min >= pool.hosts.max) {
    // A receiver between equal bounds could never do anything, and Rancher's old service refused one.
    add('hosts.min', pool.hosts.min, `it is not below hosts.max ${pool.hosts.max}`, 'let min be below max');
  }
  return mistakes;
}

const EgressReads = z.object({ network: z.object({ nat: z.unknown().optional() }), pools: PoolsSeen });

/** A host without an address of its own needs a way out, or it can neither fetch Docker nor reach Rancher. */
export const checkEgress = check(EgressReads, ({ network, pools }) =>
  eachPool(pools, (pool, path) => {
    if (pool.address.kind !== 'private' || network.nat !== undefined) return [];
    return [
      {
        path: `${path}.address.kind`,
        value: pool.address.kind,
        problem: 'the network has no NAT gateway: such a host could fetch nothing, not even Docker',
        remedy: 'add network.nat (or "existing" when the way out is made elsewhere), or make the address public',
      },
    ];
  }),
);

const NatReads = z.object({ network: z.object({ nat: z.object({ bandwidthMbps: z.int() }) }) });

/** The NAT gateway's bandwidth, which Aliyun takes as text and the provider does not look at. */
export const checkNat = check(NatReads, ({ network }) =>
  rangeMistakes('network.nat', { name: 'bandwidthMbps', value: network.nat.bandwidthMbps, least: 1, most: 200 }),
);

function rangeMistakes(path: string, { name, value, least, most }: Limit): Mistake[] {
  if (value >= least && value <= most) return [];
  const remedy = `write a whole number from ${least} to ${most}`;
  return [{ path: `${path}.${name}`, value, problem: 'it is out of range', remedy }];
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}
