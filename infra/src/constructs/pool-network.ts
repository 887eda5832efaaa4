import { Construct } from 'constructs';
import { Vpc } from '@cdktf/provider-alicloud/lib/vpc';
import { Vswitch } from '@cdktf/provider-alicloud/lib/vswitch';

export interface PoolNetworkProps {
  readonly name: string;
  readonly cidr: string;
  readonly zones: readonly { readonly id: string; readonly cidr: string }[];
  readonly resourceGroupId: string;
}

/** A VPC with one vSwitch in each zone. */
export class PoolNetwork extends Construct {
  readonly vpc: Vpc;
  readonly vswitches: ReadonlyMap<string, Vswitch>;

  constructor(scope: Construct, id: string, props: PoolNetworkProps) {
    super(scope, id);
    this.vpc = new Vpc(this, 'vpc', {
      vpcName: props.name,
      cidrBlock: props.cidr,
      resourceGroupId: props.resourceGroupId,
    });
    this.vswitches = new Map(
      props.zones.map((zone) => [
        zone.id,
        new Vswitch(this, `vswitch-${zone.id}`, {
          vswitchName: `${props.name}-${zone.id}`,
          vpcId: this.vpc.id,
          zoneId: zone.id,
          cidrBlock: zone.cidr,
        }),
      ]),
    );
  }
}
