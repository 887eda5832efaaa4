import { Construct } from 'constructs';
import { EipAddress } from '@cdktf/provider-alicloud/lib/eip-address';
import { EipAssociation } from '@cdktf/provider-alicloud/lib/eip-association';
import { NatGateway } from '@cdktf/provider-alicloud/lib/nat-gateway';
import { SnatEntry } from '@cdktf/provider-alicloud/lib/snat-entry';
import type { Vswitch } from '@cdktf/provider-alicloud/lib/vswitch';

export interface EgressNatProps {
  readonly name: string;
  readonly vpcId: string;
  readonly resourceGroupId: string;
  /** vSwitches whose hosts go out this way, by zone; the gateway stands in the first. */
  readonly vswitches: ReadonlyMap<string, Vswitch>;
  readonly bandwidthMbps: number;
}

/** One address through which hosts without an address of their own reach the internet. Nothing comes in by it. */
export class EgressNat extends Construct {
  constructor(scope: Construct, id: string, props: EgressNatProps) {
    super(scope, id);
    const [first] = props.vswitches.values();
    if (!first) throw new Error('a NAT gateway needs a vSwitch to stand in');
    const gateway = new NatGateway(this, 'gateway', {
      natGatewayName: props.name,
      vpcId: props.vpcId,
      vswitchId: first.id,
      natType: 'Enhanced',
      paymentType: 'PayAsYouGo',
    });
    const address = new EipAddress(this, 'address', {
      addressName: props.name,
      bandwidth: String(props.bandwidthMbps),
      internetChargeType: 'PayByTraffic',
      paymentType: 'PayAsYouGo',
      resourceGroupId: props.resourceGroupId,
    });
    const association = new EipAssociation(this, 'association', { allocationId: address.id, instanceId: gateway.id });
    for (const [zone, vswitch] of props.vswitches) {
      new SnatEntry(this, `snat-${zone}`, {
        snatEntryName: `${props.name}-${zone}`,
        snatTableId: gateway.snatTableIds,
        snatIp: address.ipAddress,
        sourceVswitchId: vswitch.id,
        // Aliyun refuses an address that is not bound to the gateway yet.
        dependsOn: [association],
      });
    }
  }
}
