import { describe, expect, it } from '@jest/globals';
import { providerComplaints } from './support/stand-in/real-checks.ts';

const rule = { type: 'ingress', ip_protocol: 'tcp', cidr_ip: '203.0.113.10/32' };

describe('test/infra/support/stand-in', () => {
  it.each([
    ['alicloud_security_group_rule', { ...rule, policy: 'drop', priority: 100, nic_type: 'intranet' }],
    ['alicloud_security_group_rule', { ...rule, cidr_ip: null, source_security_group_id: 'sg-1' }],
    ['alicloud_ram_policy', { policy_document: '{}', rotate_strategy: null }],
    ['alicloud_vpc', { cidr_block: 'banana' }],
  ])('takes %s %j as the real provider does', (type, values) => {
    expect(providerComplaints(type, values)).toEqual([]);
  });

  it.each([
    ['alicloud_security_group_rule', { ...rule, ip_protocol: 'TCP' }, 'expected ip_protocol'],
    ['alicloud_security_group_rule', { ...rule, priority: 0 }, 'expected priority'],
    ['alicloud_security_group_rule', { ...rule, cidr_ip: null }, 'must be specified'],
    ['alicloud_nat_gateway', { nat_type: 'Big' }, 'expected nat_type'],
    ['alicloud_resource_manager_policy_attachment', { principal_type: 'User' }, 'expected principal_type'],
    ['alicloud_ram_policy', { policy_document: '{' }, 'invalid JSON'],
    ['provider', { account_type: 'domestic' }, 'expected account_type'],
  ])('refuses %s %j as the real provider does', (type, values, complaint) => {
    expect(providerComplaints(type, values).join()).toContain(complaint);
  });
});
