import { createHash } from 'node:crypto';
import type { AttributeSchema } from '../../../../infra/provider-alicloud/scripts/notation.ts';
import type { Values } from './values.ts';

/** How ids of the types look at Aliyun; the rest is derived from what was asked for, so every run gives the same. */
const idPrefixes: Readonly<Record<string, string>> = {
  alicloud_resource_manager_resource_group: 'rg-',
  alicloud_vpc: 'vpc-bp1',
  alicloud_vswitch: 'vsw-bp1',
  alicloud_security_group: 'sg-bp1',
  alicloud_security_group_rule: 'sgr-',
  alicloud_nat_gateway: 'ngw-bp1',
  alicloud_eip_address: 'eip-bp1',
  alicloud_snat_entry: 'snat-bp1',
  alicloud_ram_access_key: 'LTAI5t',
};

const fixedValues: Readonly<Record<string, string>> = {
  account_id: '1234567890123456',
  ip_address: '198.51.100.7',
  snat_table_ids: 'stb-bp1standin',
  encrypted_secret: Buffer.from('encrypted to the PGP key').toString('base64'),
  key_fingerprint: '305A4B75C46498F9813AA645D2EB96D8ABABE765',
};

/** The value Aliyun would have answered for a computed argument. */
export function inventValue(type: string, name: string, attribute: AttributeSchema, values: Values): unknown {
  if (name === 'id') return `${idPrefixes[type] ?? `${type.replace('alicloud_', '')}-`}${digest(type, values)}`;
  if (type === 'alicloud_ram_access_key') {
    // As the real provider: with a PGP key the plaintext never reaches the state, without one it does.
    const isEncrypted = typeof values['pgp_key'] === 'string';
    if (name === 'secret') return isEncrypted ? null : 'plaintext-of-the-secret';
    if (!isEncrypted) return null;
  }
  if (fixedValues[name] !== undefined) return fixedValues[name];
  switch (attribute.type) {
    case 'string':
      return `stand-in-${name}`;
    case 'number':
      return 0;
    case 'bool':
      return false;
    default:
      return attribute.type[0] === 'map' ? {} : [];
  }
}

function digest(type: string, values: Values): string {
  const asked = Object.entries(values).filter(([, value]) => typeof value === 'string');
  return createHash('sha256')
    .update(JSON.stringify([type, asked]))
    .digest('hex')
    .slice(0, 14);
}
