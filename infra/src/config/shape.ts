import { z } from 'zod';

/** Secrets that end up readable in Terraform's state unless the configuration says so in `acceptInState`. */
export const StateSecret = z.enum(['access-key-secret', 'trigger-urls']);
export type StateSecret = z.infer<typeof StateSecret>;

const State = z.discriminatedUnion('kind', [
  /** Files beside cdktf.json, or in `directory` (relative to it). */
  z.strictObject({ kind: z.literal('local'), directory: z.string().optional() }),
  z.strictObject({
    kind: z.literal('oss'),
    bucket: z.string(),
    prefix: z.string().default('receiver-hooks'),
    region: z.string().optional(),
    /** Locking: an OTS table whose primary key is the string `LockID`. */
    lock: z.strictObject({ endpoint: z.string(), table: z.string() }).optional(),
  }),
]);

export const Zone = z.strictObject({ id: z.string(), cidr: z.string() });

export const IngressRule = z.strictObject({
  protocol: z.enum(['tcp', 'udp']),
  /** First and last port, `8080/8090`. */
  ports: z.string(),
  cidr: z.string(),
  description: z.string().optional(),
});

const Network = z.strictObject({
  cidr: z.string(),
  zones: z.array(Zone).min(1),
  /** Where Rancher's server connects from: the only addresses that reach ports 22 and 2376 of a host. */
  rancherCidrs: z.array(z.string()).min(1),
  /** The network Rancher 1.6 gives containers; a VPC that overlaps it cannot be reached from a container. */
  containerCidr: z.string().default('10.42.0.0/16'),
  /** The way out for hosts without an address of their own; `existing`: somebody else made one. */
  nat: z.union([z.literal('existing'), z.strictObject({ bandwidthMbps: z.int() })]).optional(),
  /** `closed` overrules the rules for 80, 443 and ICMP from everywhere that the machine driver adds on each create. */
  web: z.enum(['closed', 'open']).default('closed'),
  ingress: z.array(IngressRule).default([]),
});

export const Access = z.strictObject({
  secret: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('pgp'), publicKey: z.string() }),
    z.strictObject({ kind: z.literal('external'), accessKeyId: z.string() }),
    z.strictObject({ kind: z.literal('state') }),
  ]),
  /** One access key for each; the last is handed out. Two stand side by side while hosts move from one to the next. */
  keyGenerations: z.array(z.int()).default([1]),
});
export type Access = z.infer<typeof Access>;

export const AlarmRule = z.strictObject({
  metric: z.string(),
  operator: z.enum(['>', '>=', '<', '<=']),
  threshold: z.number(),
  statistic: z.enum(['Average', 'Maximum', 'Minimum']).default('Average'),
  periodSeconds: z.int().default(60),
  /** How many periods in a row. */
  times: z.int().default(3),
  /** How long CloudMonitor keeps quiet before it calls again while the alarm lasts. */
  silenceSeconds: z.int().default(300),
});
export type AlarmRule = z.infer<typeof AlarmRule>;

const Disk = z.strictObject({
  category: z.enum(['cloud_efficiency', 'cloud_ssd', 'cloud_essd', 'cloud_essd_entry', 'cloud_auto']),
  sizeGib: z.int(),
});

const Engine = z.strictObject({
  installUrl: z.string(),
  registryMirrors: z.array(z.string()).default([]),
  insecureRegistries: z.array(z.string()).default([]),
  storageDriver: z.string().optional(),
  options: z.record(z.string(), z.string()).default({}),
});

export const Pool = z.strictObject({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  /** Zones to offer hosts in; all of `network.zones` when absent. */
  zones: z.array(z.string()).min(1).optional(),
  instanceType: z.string(),
  imageId: z.string(),
  systemDisk: Disk,
  dataDisk: z.strictObject({ ...Disk.shape, fileSystem: z.enum(['ext4', 'xfs']) }).optional(),
  address: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('private') }),
    z.strictObject({
      kind: z.literal('public'),
      bandwidthMbps: z.int(),
      chargeType: z.enum(['PayByTraffic', 'PayByBandwidth']),
    }),
  ]),
  engine: Engine,
  hosts: z.strictObject({ min: z.int(), max: z.int(), step: z.int().default(1) }),
  tags: z.record(z.string(), z.string()).default({}),
  alarms: z.strictObject({ up: AlarmRule.optional(), down: AlarmRule.optional() }).default({}),
});
export type Pool = z.infer<typeof Pool>;

/** The configuration file: shape only. Whether its values make sense is for `checks/`. */
export const Configuration = z.strictObject({
  prefix: z.string(),
  accountType: z.enum(['Domestic', 'International']),
  region: z.string(),
  tags: z.record(z.string(), z.string()).default({}),
  state: State.default({ kind: 'local' }),
  acceptInState: z.array(StateSecret).default([]),
  network: Network,
  access: Access,
  driver: z.strictObject({ apiEndpoint: z.string().optional() }).default({}),
  pools: z.array(Pool).min(1),
  alarms: z
    .strictObject({
      /** CloudMonitor contacts that exist already and are told, too. */
      contacts: z.array(z.string()).default([]),
      /** When alarms may call, `HH:MM-HH:MM`. */
      effectiveInterval: z.string().default('00:00-23:59'),
    })
    .default({ contacts: [], effectiveInterval: '00:00-23:59' }),
});
export type Configuration = z.infer<typeof Configuration>;
