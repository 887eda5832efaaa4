import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import type { Configuration } from '../config/shape.ts';
import type { MachineTemplates } from '../contract/machine-templates.ts';
import { machineTemplatesVersion } from '../contract/machine-templates.ts';
import type { AccessStack } from './access-stack.ts';
import { AliyunStack } from './aliyun-stack.ts';
import { machineTemplate } from './machine-template.ts';
import type { NetworkStack } from './network-stack.ts';

export interface MachinesStackProps {
  readonly network: NetworkStack;
  readonly access: AccessStack;
}

/**
 * The output `machine_templates`: one for each pool and zone. It makes nothing itself, because a host that Terraform made
 * is a custom host to Rancher, which it can neither clone nor remove.
 */
export class MachinesStack extends AliyunStack {
  constructor(scope: Construct, id: string, configuration: Configuration, { network, access }: MachinesStackProps) {
    super(scope, id, configuration);
    const surroundings = {
      accessKeyId: access.accessKeyId,
      resourceGroupId: network.resourceGroup.id,
      securityGroupName: network.securityGroup.group.securityGroupName,
      vpcId: network.network.vpc.id,
      vswitchIdIn: (zone: string): string => {
        const vswitch = network.network.vswitches.get(zone);
        if (!vswitch) throw new Error(`the network has no vSwitch in ${zone}`);
        return vswitch.id;
      },
    };
    const everyZone = configuration.network.zones.map((zone) => zone.id);
    const value: MachineTemplates = {
      version: machineTemplatesVersion,
      templates: configuration.pools.flatMap((pool) =>
        (pool.zones ?? everyZone).map((zone) => machineTemplate(configuration, pool, zone, surroundings)),
      ),
    };
    new TerraformOutput(this, 'machine_templates', { value, staticId: true });
  }
}
