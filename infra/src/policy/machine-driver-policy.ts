/** How hosts of the pools get their addresses; a public one costs the driver rights on elastic IPs. */
export type AddressKind = 'private' | 'public';

export interface MachineDriverPolicyOptions {
  readonly region: string;
  readonly addresses: ReadonlySet<AddressKind>;
}

interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

export interface PolicyDocument {
  readonly Version: '1';
  readonly Statement: readonly PolicyStatement[];
}

/** Aliyun's limit for a custom policy. The provider does not check it. */
export const policyBytesAtMost = 6144;

/** What the driver does to machines and the security group, and nothing else of the kind (source of the driver, 2021-09). */
const machineActions = [
  'ecs:AddTags',
  'ecs:AuthorizeSecurityGroup',
  'ecs:CreateInstance',
  'ecs:DeleteInstance',
  'ecs:RebootInstance',
  'ecs:StartInstance',
  'ecs:StopInstance',
];

/** What it looks at. Public images and the lists themselves belong to no resource group, so reading is account-wide. */
const readActions = [
  'ecs:DescribeImages',
  'ecs:DescribeInstanceAttribute',
  'ecs:DescribeSecurityGroupAttribute',
  'ecs:DescribeSecurityGroups',
];

/** Before it removes a machine it looks for a route to it, whether or not one was ever made. */
const routeReadActions = ['DescribeRouteTables', 'DescribeVpcs'];

/** Elastic IPs of hosts with a public address. */
const addressActions = ['AllocateEipAddress', 'AssociateEipAddress', 'ReleaseEipAddress', 'UnassociateEipAddress'];
const addressReadActions = ['DescribeEipAddresses'];

/** Changes: attached with the resource group as its scope, so that a leaked key reaches nothing outside the group. */
export function machinePolicy({ region }: MachineDriverPolicyOptions): PolicyDocument {
  return { Version: '1', Statement: [allow(machineActions, [`acs:ecs:${region}:*:*`])] };
}

/**
 * What cannot be fenced by a resource group: reading, and elastic IPs, which the driver allocates in the default group.
 * Those of VPC go through the ECS API of 2014, so either service's name may be the one that is checked.
 */
export function accountPolicy({ region, addresses }: MachineDriverPolicyOptions): PolicyDocument {
  const everything = [`acs:ecs:${region}:*:*`, `acs:vpc:${region}:*:*`];
  const read = allow([...readActions, ...underBothNames(routeReadActions)], everything);
  if (!addresses.has('public')) return { Version: '1', Statement: [read] };
  const eip = underBothNames([...addressActions, ...addressReadActions]);
  // AssociateEipAddress is checked against the address and the instance it goes to.
  const resources = [`acs:ecs:${region}:*:eip/*`, `acs:vpc:${region}:*:eip/*`, `acs:ecs:${region}:*:instance/*`];
  return { Version: '1', Statement: [read, allow(eip, resources)] };
}

function underBothNames(actions: readonly string[]): string[] {
  return actions.flatMap((action) => [`ecs:${action}`, `vpc:${action}`]);
}

function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return { Effect: 'Allow', Action: actions.toSorted(), Resource: resources };
}
