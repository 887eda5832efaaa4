import { Construct } from 'constructs';
import { SecurityGroup } from '@cdktf/provider-alicloud/lib/security-group';
import { SecurityGroupRule } from '@cdktf/provider-alicloud/lib/security-group-rule';
import { managementPorts } from '../checks/ports.ts';

export interface AdditionalIngress {
  readonly protocol: 'tcp' | 'udp';
  readonly ports: string;
  readonly cidr: string;
  readonly description?: string | undefined;
}

export interface NodeSecurityGroupProps {
  readonly name: string;
  readonly vpcId: string;
  readonly resourceGroupId: string;
  /** Rancher's server: the only source of 22 and 2376. */
  readonly rancherCidrs: readonly string[];
  /** `closed` adds rules that win over those the machine driver makes for 80 and 443 on each create. */
  readonly web: 'closed' | 'open';
  readonly ingress: readonly AdditionalIngress[];
}

/** Rancher 1.6 between hosts: IPsec (500, 4500) or VXLAN (4789), whichever network driver the environment uses. */
const overlayPorts = [500, 4500, 4789];
const webPorts = [80, 443];
const everybody = '0.0.0.0/0';

/** Aliyun lets a drop win over an accept of the same priority, and the driver's rules have the highest there is. */
const highestPriority = 1;

/** The group of the hosts. The driver finds it by name and adds to it, so nothing else should use it. */
export class NodeSecurityGroup extends Construct {
  readonly group: SecurityGroup;

  constructor(scope: Construct, id: string, props: NodeSecurityGroupProps) {
    super(scope, id);
    this.group = new SecurityGroup(this, 'group', {
      securityGroupName: props.name,
      vpcId: props.vpcId,
      innerAccessPolicy: 'Accept',
      resourceGroupId: props.resourceGroupId,
      description: 'Hosts made by Rancher; the machine driver adds rules to this group',
    });
    for (const port of managementPorts) {
      for (const cidr of props.rancherCidrs) {
        // They also keep the driver from opening these ports itself: it does when no rule begins at them.
        this.#accept({ protocol: 'tcp', ports: `${port}/${port}`, cidr, description: 'Rancher server' });
      }
    }
    for (const port of overlayPorts) this.#acceptInside(port);
    if (props.web === 'closed') for (const port of webPorts) this.#refuseEverybody(port);
    for (const rule of props.ingress) this.#accept(rule);
  }

  #accept({ protocol, ports, cidr, description }: AdditionalIngress): void {
    this.#rule(`${protocol}-${ports}-${cidr}`, {
      ipProtocol: protocol,
      portRange: ports,
      policy: 'accept',
      cidrIp: cidr,
      ...(description === undefined ? {} : { description }),
    });
  }

  #acceptInside(port: number): void {
    this.#rule(`overlay-${port}`, {
      ipProtocol: 'udp',
      portRange: `${port}/${port}`,
      policy: 'accept',
      sourceSecurityGroupId: this.group.id,
      description: "Rancher's network between hosts",
    });
  }

  #refuseEverybody(port: number): void {
    this.#rule(`web-${port}`, {
      ipProtocol: 'tcp',
      portRange: `${port}/${port}`,
      policy: 'drop',
      cidrIp: everybody,
      description: 'Overrules what the machine driver opens',
    });
  }

  #rule(id: string, rule: RuleContent): void {
    new SecurityGroupRule(this, id.replaceAll(/[^a-z0-9]+/g, '-'), {
      securityGroupId: this.group.id,
      type: 'ingress',
      // The provider's default is internet, which does not exist inside a VPC.
      nicType: 'intranet',
      priority: highestPriority,
      ...rule,
    });
  }
}

type RuleContent = Omit<ConstructorParameters<typeof SecurityGroupRule>[2], 'securityGroupId' | 'type'>;
