import type { AttributeSchema, BlockSchema, ProviderSchema, TypeSchema } from './notation.ts';

export interface Comparison {
  /** Arguments and blocks looked at. */
  readonly checked: number;
  /** One line per difference: where, what we wrote, what the provider says. */
  readonly differences: readonly string[];
}

/** Compares what we wrote with what a real provider declares. What only the provider has is no difference: we use a part of it. */
export function compareSchemas(ours: ProviderSchema, real: ProviderSchema): Comparison {
  const differences: string[] = [];
  let checked = 0;

  const compareAttribute = (path: string, mine: AttributeSchema, theirs: AttributeSchema | undefined): void => {
    checked += 1;
    if (!theirs) differences.push(`${path}: the provider has no such argument`);
    else {
      if (describe(mine) !== describe(theirs)) {
        differences.push(`${path}: ours is ${describe(mine)}, the provider's ${describe(theirs)}`);
      }
      if (theirs.deprecated) differences.push(`${path}: deprecated in the provider`);
    }
  };

  const compareBlock = (path: string, mine: BlockSchema, theirs: BlockSchema): void => {
    for (const [name, attribute] of Object.entries(mine.attributes ?? {})) {
      compareAttribute(`${path}.${name}`, attribute, theirs.attributes?.[name]);
    }
    for (const [name, nested] of Object.entries(mine.block_types ?? {})) {
      checked += 1;
      const other = theirs.block_types?.[name];
      if (!other) {
        differences.push(`${path}.${name}: the provider has no such block`);
        continue;
      }
      const shape = (block: typeof nested): string =>
        `${block.nesting_mode} of ${block.min_items ?? 0} to ${block.max_items ?? 'any number'}`;
      if (shape(nested) !== shape(other)) {
        differences.push(`${path}.${name}: ours is a ${shape(nested)}, the provider's a ${shape(other)}`);
      }
      compareBlock(`${path}.${name}`, nested.block, other.block);
    }
  };

  const compareTypes = (
    mine: Readonly<Record<string, TypeSchema>>,
    theirs: Readonly<Record<string, TypeSchema>>,
  ): void => {
    for (const [name, type] of Object.entries(mine)) {
      const other = theirs[name];
      if (other) compareBlock(name, type.block, other.block);
      else differences.push(`${name}: the provider has no such type`);
    }
  };

  compareBlock('provider', ours.provider.block, real.provider.block);
  compareTypes(ours.resource_schemas, real.resource_schemas);
  compareTypes(ours.data_source_schemas, real.data_source_schemas);
  return { checked, differences };
}

function describe(attribute: AttributeSchema): string {
  const flags = (['required', 'optional', 'computed', 'sensitive'] as const).filter((flag) => attribute[flag]);
  return [...flags, JSON.stringify(attribute.type)].join(' ');
}
