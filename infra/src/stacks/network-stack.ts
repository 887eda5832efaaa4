import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { ResourceManagerResourceGroup } from '@cdktf/provider-alicloud/lib/resource-manager-resource-group';
import type { Configuration } from '../config/shape.ts';
import { EgressNat } from '../constructs/egress-nat.ts';
import { NodeSecurityGroup } from '../constructs/node-security-group.ts';
import { PoolNetwork } from '../constructs/pool-network.ts';
import { AliyunStack, declareProvider } from './aliyun-stack.ts';

/** The resource group that fences everything, the network hosts stand in, and who may reach them. */
export class NetworkStack extends AliyunStack {
  readonly resourceGroup: ResourceManagerResourceGroup;
  readonly network: PoolNetwork;
  readonly securityGroup: NodeSecurityGroup;

  constructor(scope: Construct, id: string, configuration: Configuration) {
    super(scope, id, configuration);
    declareProvider(this, configuration);
    const { prefix, network } = configuration;
    this.resourceGroup = new ResourceManagerResourceGroup(this, 'resource-group', {
      displayName: prefix,
      resourceGroupName: prefix,
    });
    const resourceGroupId = this.resourceGroup.id;
    this.network = new PoolNetwork(this, 'network', {
      name: prefix,
      cidr: network.cidr,
      zones: network.zones,
      resourceGroupId,
    });
    const vpcId = this.network.vpc.id;
    this.securityGroup = new NodeSecurityGroup(this, 'hosts', {
      name: `${prefix}-hosts`,
      vpcId,
      resourceGroupId,
      rancherCidrs: network.rancherCidrs,
      web: network.web,
      ingress: network.ingress,
    });
    if (typeof network.nat === 'object') {
      new EgressNat(this, 'egress', {
        name: prefix,
        vpcId,
        resourceGroupId,
        vswitches: this.network.vswitches,
        bandwidthMbps: network.nat.bandwidthMbps,
      });
    }
    new TerraformOutput(this, 'vpc_id', { value: vpcId, staticId: true });
    new TerraformOutput(this, 'security_group_name', {
      value: this.securityGroup.group.securityGroupName,
      staticId: true,
    });
    new TerraformOutput(this, 'resource_group_id', { value: resourceGroupId, staticId: true });
  }
}
