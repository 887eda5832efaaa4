import { describe, expect, it } from '@jest/globals';
import { ensureBindings, readNotation } from '../../../infra/provider-alicloud/scripts/build.ts';
import { compareSchemas } from '../../../infra/provider-alicloud/scripts/compare.ts';
import { expandSchema, providerAddress } from '../../../infra/provider-alicloud/scripts/notation.ts';
import type { BlockNotation, ProviderSchema } from '../../../infra/provider-alicloud/scripts/notation.ts';

function expandVpc(vpc: BlockNotation): ProviderSchema {
  const notation = {
    source: 'aliyun/alicloud',
    version: '1.0.0',
    constraint: '~> 1.0',
    provider: {},
    resources: { vpc },
    dataSources: {},
  };
  const schema = expandSchema(notation).provider_schemas[providerAddress(notation)];
  if (!schema) throw new Error('no provider');
  return schema;
}

describe('infra/provider-alicloud/scripts/build', () => {
  it('builds nothing when the bindings are there', async () => {
    await expect(ensureBindings()).resolves.toBe('up to date');
  });

  it('gives bindings the import paths of published providers', async () => {
    const { Vpc } = await import('@cdktf/provider-alicloud/lib/vpc');
    const { DataAlicloudCmsMonitorGroups } =
      await import('@cdktf/provider-alicloud/lib/data-alicloud-cms-monitor-groups');
    expect([Vpc.tfResourceType, DataAlicloudCmsMonitorGroups.tfResourceType]).toEqual([
      'alicloud_vpc',
      'alicloud_cms_monitor_groups',
    ]);
  });
});

describe('infra/provider-alicloud/scripts/notation', () => {
  it('expands a line to what terraform prints', () => {
    const { block } =
      expandVpc({ tags: 'optional map(string)', secret: 'computed sensitive string' }).resource_schemas[
        'alicloud_vpc'
      ] ?? {};
    expect(block?.attributes).toMatchObject({
      id: { type: 'string', optional: true, computed: true },
      tags: { type: ['map', 'string'], optional: true },
      secret: { type: 'string', computed: true, sensitive: true },
    });
  });

  it('expands nested blocks with their bounds', () => {
    const vpc = { rules: { block: 'set min=1 max=2', port: 'required number' } };
    expect(expandVpc(vpc).resource_schemas['alicloud_vpc']?.block.block_types).toMatchObject({
      rules: { nesting_mode: 'set', min_items: 1, max_items: 2, block: { attributes: { port: { type: 'number' } } } },
    });
  });

  it.each([
    [{ name: 'mandatory string' }, 'argument name has the word "mandatory"'],
    [{ name: 'optional text' }, 'argument name has no known type: "text"'],
    [{ rules: { port: 'required number' } }, 'block rules needs a line "block"'],
  ])('refuses %j', (vpc, message) => {
    expect(() => expandVpc(vpc as BlockNotation)).toThrow(message);
  });

  it('is what schema.json is written in', async () => {
    const notation = await readNotation();
    expect(Object.keys(notation.resources).length).toBeGreaterThan(10);
  });
});

describe('infra/provider-alicloud/scripts/compare', () => {
  const rules = { block: 'set max=1', port: 'required number' };

  it('finds nothing when the provider has more than we use', () => {
    const real = expandVpc({ name: 'optional string', colour: 'optional string', rules, more: rules });
    expect(compareSchemas(expandVpc({ name: 'optional string', rules }), real)).toEqual({
      checked: 4,
      differences: [],
    });
  });

  it('names every difference', () => {
    const ours = expandVpc({ name: 'required string', gone: 'optional string', rules });
    const real = expandVpc({
      name: 'optional string',
      rules: { ...rules, block: 'list max=1', port: 'optional number' },
    });
    expect(compareSchemas(ours, real).differences).toEqual([
      'alicloud_vpc.name: ours is required "string", the provider\'s optional "string"',
      'alicloud_vpc.gone: the provider has no such argument',
      "alicloud_vpc.rules: ours is a set of 0 to 1, the provider's a list of 0 to 1",
      'alicloud_vpc.rules.port: ours is required "number", the provider\'s optional "number"',
    ]);
  });

  it('names a type the provider has not, and an argument it is about to drop', () => {
    const ours = expandVpc({ name: 'optional string' });
    const real = structuredClone(ours) as unknown as {
      resource_schemas: Record<string, { block: { attributes: Record<string, { deprecated?: boolean }> } }>;
    };
    real.resource_schemas['alicloud_vpc']!.block.attributes['name']!.deprecated = true;
    expect(compareSchemas(ours, real as unknown as ProviderSchema).differences).toEqual([
      'alicloud_vpc.name: deprecated in the provider',
    ]);
    expect(compareSchemas(ours, { ...ours, resource_schemas: {} }).differences).toEqual([
      'alicloud_vpc: the provider has no such type',
    ]);
  });
});
