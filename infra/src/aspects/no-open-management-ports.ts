import { Annotations } from 'cdktf';
import type { IAspect } from 'cdktf';
import type { IConstruct } from 'constructs';
import { SecurityGroupRule } from '@cdktf/provider-alicloud/lib/security-group-rule';
import { parseCidr } from '../checks/cidr.ts';
import { managementPorts, parsePortRange } from '../checks/ports.ts';

/** A shorter prefix than this is everybody, whether it says 0.0.0.0/0 or takes two halves of it. */
const shortestSourcePrefix = 8;

/** Fails synthesis when a rule lets everybody reach SSH or Docker's TLS port, wherever in the program it is written. */
export class NoOpenManagementPorts implements IAspect {
  visit(node: IConstruct): void {
    if (!(node instanceof SecurityGroupRule)) return;
    const isAccepted = node.typeInput === 'ingress' && node.policyInput !== 'drop';
    if (!isAccepted || !isFromEverybody(node.cidrIpInput)) return;
    const opened = managementPorts.filter((port) => covers(node, port));
    if (opened.length === 0) return;
    Annotations.of(node).addError(
      `opens ${opened.join(' and ')} to ${node.cidrIpInput ?? ''}; these ports give root: name the addresses of Rancher instead`,
    );
  }
}

function isFromEverybody(source: string | undefined): boolean {
  if (source === undefined) return false;
  const parsed = parseCidr(source);
  return 'cidr' in parsed && parsed.cidr.prefixLength < shortestSourcePrefix;
}

function covers(rule: SecurityGroupRule, port: number): boolean {
  if (rule.ipProtocolInput === 'all') return true;
  if (rule.ipProtocolInput !== 'tcp') return false;
  const range = rule.portRangeInput === undefined ? undefined : parsePortRange(rule.portRangeInput);
  // No range, or one that means every port (-1/-1).
  if (!range) return true;
  return range.from <= port && port <= range.to;
}
