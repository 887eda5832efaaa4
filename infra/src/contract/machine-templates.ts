import { z } from 'zod';

/** Raised whenever a reader of an older version could misread the output. */
export const machineTemplatesVersion = 1;

/**
 * Fields of Rancher's `aliyunecsConfig` that this program sets (types as the schema of a Rancher 1.6.30 says: numbers are
 * strings there). `accessKeySecret` and `sshPassword` are missing on purpose: a strict object refuses them.
 */
export const DriverConfig = z.strictObject({
  accessKeyId: z.string().min(1),
  apiEndpoint: z.string().optional(),
  description: z.string().optional(),
  diskCategory: z.string().optional(),
  diskFs: z.enum(['ext4', 'xfs']).optional(),
  diskSize: z.string().regex(/^\d+$/).optional(),
  imageId: z.string(),
  instanceType: z.string(),
  internetChargeType: z.enum(['PayByTraffic', 'PayByBandwidth']).optional(),
  internetMaxBandwidth: z.string().regex(/^\d+$/).optional(),
  privateAddressOnly: z.boolean(),
  region: z.string(),
  resourceGroupId: z.string(),
  /** Its name, not its id: the driver looks it up by name and makes an open one when it finds none. */
  securityGroup: z.string(),
  systemDiskCategory: z.string(),
  systemDiskSize: z.string().regex(/^\d+$/),
  tag: z.array(z.string().regex(/^[^=]+=/)),
  vpcId: z.string(),
  vswitchId: z.string(),
  zone: z.string(),
});
export type DriverConfig = z.infer<typeof DriverConfig>;

/** Engine options, spelled as Rancher's host spells them. */
export const EngineOptions = z.strictObject({
  engineInstallUrl: z.string(),
  engineInsecureRegistry: z.array(z.string()).optional(),
  engineOpt: z.record(z.string(), z.string()).optional(),
  engineRegistryMirror: z.array(z.string()).optional(),
  engineStorageDriver: z.string().optional(),
});
export type EngineOptions = z.infer<typeof EngineOptions>;

export const MachineTemplate = z.strictObject({
  /** Of the Rancher host template; the same from run to run. */
  name: z.string(),
  description: z.string(),
  pool: z.string(),
  zone: z.string(),
  driver: z.literal('aliyunecs'),
  driverConfig: DriverConfig,
  /** Labels every host of the pool carries, and by which receivers select it. */
  labels: z.record(z.string(), z.string()),
  engine: EngineOptions,
  /** Bounds and step of the pool's scaleHost receivers. */
  hosts: z.strictObject({ min: z.int(), max: z.int(), step: z.int() }),
});
export type MachineTemplate = z.infer<typeof MachineTemplate>;

/** The output `machine_templates`. It holds no secret. */
export const MachineTemplates = z.strictObject({
  version: z.literal(machineTemplatesVersion),
  templates: z.array(MachineTemplate),
});
export type MachineTemplates = z.infer<typeof MachineTemplates>;

/** What `cdktf deploy --outputs-file` writes, as far as the hand-over reads it: outputs by the name of their stack. */
export const OutputsFile = z.object({ machines: z.object({ machine_templates: MachineTemplates }) });

/** The contract for readers in other languages and parts; `machine-templates.schema.json` is this, printed. */
export function machineTemplatesJsonSchema(): unknown {
  return z.toJSONSchema(MachineTemplates);
}
