import { describe, expect, it } from '@jest/globals';
import { accountPolicy, machinePolicy, policyBytesAtMost } from '../../../infra/src/policy/machine-driver-policy.ts';
import type { AddressKind, PolicyDocument } from '../../../infra/src/policy/machine-driver-policy.ts';

/** What the driver calls, from its source (docker-machine-driver-aliyunecs, aliyunecs/ecs.go, 2021-09). */
const calledOnMachines = [
  'ecs:AddTags',
  'ecs:AuthorizeSecurityGroup',
  'ecs:CreateInstance',
  'ecs:DeleteInstance',
  'ecs:RebootInstance',
  'ecs:StartInstance',
  'ecs:StopInstance',
];
const calledToLook = [
  'ecs:DescribeImages',
  'ecs:DescribeInstanceAttribute',
  'ecs:DescribeRouteTables',
  'ecs:DescribeSecurityGroupAttribute',
  'ecs:DescribeSecurityGroups',
  'ecs:DescribeVpcs',
  'vpc:DescribeRouteTables',
  'vpc:DescribeVpcs',
];
const calledOnAddresses = [
  'AllocateEipAddress',
  'AssociateEipAddress',
  'DescribeEipAddresses',
  'ReleaseEipAddress',
  'UnassociateEipAddress',
].flatMap((action) => [`ecs:${action}`, `vpc:${action}`]);

const options = (...addresses: AddressKind[]) => ({ region: 'cn-hangzhou', addresses: new Set(addresses) });
const actionsOf = (document: PolicyDocument) => document.Statement.flatMap((statement) => statement.Action).toSorted();

describe('infra/src/policy/machine-driver-policy', () => {
  it('allows each change the driver makes to machines, and no other', () => {
    expect(actionsOf(machinePolicy(options('private', 'public')))).toEqual(calledOnMachines);
  });

  it('allows account-wide only reading while hosts have no public address', () => {
    expect(actionsOf(accountPolicy(options('private')))).toEqual(calledToLook);
  });

  it('adds elastic IPs, under both names, for hosts with a public address', () => {
    const document = accountPolicy(options('private', 'public'));
    expect(actionsOf(document)).toEqual([...calledToLook, ...calledOnAddresses].toSorted());
    expect(document.Statement[1]?.Resource).toEqual([
      'acs:ecs:cn-hangzhou:*:eip/*',
      'acs:vpc:cn-hangzhou:*:eip/*',
      'acs:ecs:cn-hangzhou:*:instance/*',
    ]);
  });

  it.each([machinePolicy, accountPolicy])(
    'names every action and the region, and stays inside the size Aliyun takes',
    (policy) => {
      const document = policy(options('private', 'public'));
      expect(actionsOf(document).filter((action) => action.includes('*'))).toEqual([]);
      for (const resource of document.Statement.flatMap((statement) => statement.Resource)) {
        expect(resource).toMatch(/^acs:(ecs|vpc):cn-hangzhou:/);
      }
      expect(Buffer.byteLength(JSON.stringify(document))).toBeLessThan(policyBytesAtMost / 2);
    },
  );
});
