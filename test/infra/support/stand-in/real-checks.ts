import { Unknown } from './values.ts';
import type { Values } from './values.ts';

type OneOf = readonly (string | number)[];

/**
 * Values the real provider (1.289.0, `terraform validate`) refuses in the types this project uses. What it does not check,
 * such as the form of networks, this does not either: that is for the configuration's own checks.
 */
const enumerations: Readonly<Record<string, Readonly<Record<string, OneOf>>>> = {
  provider: { account_type: ['Domestic', 'International'] },
  alicloud_security_group: { inner_access_policy: ['Accept', 'Drop'] },
  alicloud_security_group_rule: {
    type: ['ingress', 'egress'],
    ip_protocol: ['tcp', 'udp', 'icmp', 'icmpv6', 'gre', 'all'],
    policy: ['accept', 'drop'],
    nic_type: ['internet', 'intranet'],
    priority: Array.from({ length: 100 }, (_, index) => index + 1),
  },
  alicloud_ram_policy: { rotate_strategy: ['None', 'DeleteOldestNonDefaultVersionWhenLimitExceeded'] },
  alicloud_ram_user_policy_attachment: { policy_type: ['System', 'Custom'] },
  alicloud_resource_manager_policy_attachment: {
    policy_type: ['System', 'Custom'],
    principal_type: ['IMSGroup', 'IMSUser', 'ServiceRole'],
  },
  alicloud_nat_gateway: { nat_type: ['Enhanced', 'Normal'], payment_type: ['PayAsYouGo', 'Subscription'] },
  alicloud_eip_address: { internet_charge_type: ['PayByBandwidth', 'PayByTraffic'] },
};

const ruleSources = ['cidr_ip', 'ipv6_cidr_ip', 'prefix_list_id', 'source_security_group_id'];

/** What the real provider would say against a block, one line each. */
export function providerComplaints(type: string, values: Values): string[] {
  const complaints = Object.entries(enumerations[type] ?? {}).flatMap(([name, allowed]) => {
    const value = values[name];
    if (value === null || value === undefined || value instanceof Unknown) return [];
    if (allowed.includes(value as string | number)) return [];
    return [`expected ${name} to be one of ${JSON.stringify(allowed)}, got ${JSON.stringify(value)}`];
  });
  if (type === 'alicloud_security_group_rule' && ruleSources.every((source) => (values[source] ?? null) === null)) {
    complaints.push(`one of ${ruleSources.join(', ')} must be specified`);
  }
  if (type === 'alicloud_ram_policy' && typeof values['policy_document'] === 'string') {
    complaints.push(...jsonComplaints(values['policy_document']));
  }
  return complaints;
}

function jsonComplaints(text: string): string[] {
  try {
    JSON.parse(text);
    return [];
  } catch {
    return ['"policy_document" contains an invalid JSON'];
  }
}
