import type { Configuration, Pool } from '../config/shape.ts';
import type { DriverConfig, EngineOptions, MachineTemplate } from '../contract/machine-templates.ts';
import { defaultTags } from './aliyun-stack.ts';
import { poolTag } from './pool-tag.ts';

/** What other stacks made and a machine refers to. */
export interface MachineSurroundings {
  readonly accessKeyId: string;
  readonly resourceGroupId: string;
  readonly securityGroupName: string;
  readonly vpcId: string;
  readonly vswitchIdIn: (zone: string) => string;
}

/** What a host of this pool in this zone is made from: everything the driver, Rancher and the receivers are to be told. */
export function machineTemplate(
  configuration: Configuration,
  pool: Pool,
  zone: string,
  surroundings: MachineSurroundings,
): MachineTemplate {
  return {
    name: `${configuration.prefix}-${pool.name}-${zone}`,
    description: `Pool ${pool.name} in ${zone}, made by Receiver Hooks`,
    pool: pool.name,
    zone,
    driver: 'aliyunecs',
    driverConfig: driverConfig(configuration, pool, zone, surroundings),
    labels: pool.labels,
    engine: engineOptions(pool),
    hosts: pool.hosts,
  };
}

function driverConfig(
  configuration: Configuration,
  pool: Pool,
  zone: string,
  { accessKeyId, resourceGroupId, securityGroupName, vpcId, vswitchIdIn }: MachineSurroundings,
): DriverConfig {
  const { apiEndpoint } = configuration.driver;
  const tag = poolTag(configuration, pool);
  const tags = { ...defaultTags(configuration), ...pool.tags, [tag.key]: tag.value };
  return {
    accessKeyId,
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
    description: `${configuration.prefix} pool ${pool.name}`,
    imageId: pool.imageId,
    instanceType: pool.instanceType,
    ...addressFields(pool),
    region: configuration.region,
    resourceGroupId,
    securityGroup: securityGroupName,
    systemDiskCategory: pool.systemDisk.category,
    systemDiskSize: String(pool.systemDisk.sizeGib),
    ...diskFields(pool),
    tag: Object.entries(tags).map(([key, value]) => `${key}=${value}`),
    vpcId,
    vswitchId: vswitchIdIn(zone),
    zone,
  };
}

function addressFields({
  address,
}: Pool): Pick<DriverConfig, 'privateAddressOnly' | 'internetChargeType' | 'internetMaxBandwidth'> {
  if (address.kind === 'private') return { privateAddressOnly: true };
  return {
    privateAddressOnly: false,
    internetChargeType: address.chargeType,
    internetMaxBandwidth: String(address.bandwidthMbps),
  };
}

function diskFields({ dataDisk }: Pool): Pick<DriverConfig, 'diskCategory' | 'diskFs' | 'diskSize'> {
  if (!dataDisk) return {};
  return { diskCategory: dataDisk.category, diskFs: dataDisk.fileSystem, diskSize: String(dataDisk.sizeGib) };
}

function engineOptions({ engine }: Pool): EngineOptions {
  return {
    engineInstallUrl: engine.installUrl,
    ...(engine.insecureRegistries.length > 0 ? { engineInsecureRegistry: engine.insecureRegistries } : {}),
    ...(Object.keys(engine.options).length > 0 ? { engineOpt: engine.options } : {}),
    ...(engine.registryMirrors.length > 0 ? { engineRegistryMirror: engine.registryMirrors } : {}),
    ...(engine.storageDriver === undefined ? {} : { engineStorageDriver: engine.storageDriver }),
  };
}
