import { refused } from '../errors.ts';
import { accept } from '../fields.ts';
import type { Fields } from '../fields.ts';
import type { Role } from '../accounts.ts';
import type { Cattle } from '../resource-type.ts';

/** The options of one machine driver, as the machine service makes them from the driver's flags. */
export type DriverConfig = Readonly<Record<string, unknown>>;

const text = { type: 'string', writable: 'create' } as const;

/** Known drivers and their options (recording f_schemas_aliyunecsconfig_project_key; digitalocean stands for "another one"). */
const options: Readonly<Record<string, Fields>> = {
  aliyunecs: {
    accessKeyId: text,
    accessKeySecret: text,
    apiEndpoint: text,
    description: text,
    diskCategory: text,
    diskFs: text,
    diskSize: { ...text, default: '0' },
    imageId: text,
    instanceType: { ...text, default: 'ecs.n4.small' },
    internetChargeType: text,
    internetMaxBandwidth: { ...text, default: '1' },
    ioOptimized: text,
    privateAddressOnly: { type: 'boolean', writable: 'create' },
    privateIp: text,
    region: { ...text, default: 'cn-hangzhou' },
    resourceGroupId: text,
    routeCidr: text,
    securityGroup: text,
    slbId: text,
    sshKeypair: text,
    sshPassword: text,
    systemDiskCategory: text,
    systemDiskSize: { ...text, default: '40' },
    tag: { type: 'array[string]', writable: 'create' },
    upgradeKernel: { type: 'boolean', writable: 'create' },
    vpcId: text,
    vswitchId: text,
    zone: text,
  },
  digitalocean: {
    accessToken: text,
    image: { ...text, default: 'ubuntu-16-04-x64' },
    region: { ...text, default: 'nyc3' },
    size: { ...text, default: '512mb' },
  },
};

/** The drivers a fresh sandbox has. */
export const driverNames: readonly string[] = Object.keys(options);

/** The field of a host that holds a driver's config. */
export function configName(driver: string): string {
  return `${driver}Config`;
}

/** Whether an admin has left the driver active; without it Rancher shows no `<driver>Config` and takes none. */
export function isDriverActive(cattle: Cattle, driver: string): boolean {
  return [...cattle.table('machineDriver').all()].some((row) => row.name === driver && row.state === 'active');
}

/** Integers become strings, a lone string a list, unknown options vanish (recordings f_host_create_integer_for_string, …). */
export function acceptConfig(driver: string, given: object): DriverConfig {
  return accept(options[driver] ?? {}, { ...given }, 'create');
}

/** Who sees a driver's schema: an agent does not (recording f_schemas_aliyunecsconfig_environment_agent_key). */
export function requireConfigSchema(cattle: Cattle, id: string, role: Role): Fields {
  const name = Object.keys(options).find((driver) => configName(driver).toLowerCase() === id.toLowerCase());
  const fields = name === undefined ? undefined : options[name];
  if (name === undefined || fields === undefined || role === 'environment' || !isDriverActive(cattle, name))
    throw refused(404);
  return fields;
}
