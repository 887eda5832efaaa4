import { z } from 'zod';

/** A block of our notation: an argument per line ("optional computed string"), nested blocks under their own name. */
export interface BlockNotation {
  readonly [name: string]: string | BlockNotation;
}

const Block: z.ZodType<BlockNotation> = z.lazy(() => z.record(z.string(), z.union([z.string(), Block])));

/**
 * `schema.json`: the types and arguments this project uses, by hand. `version` is the provider it was written from,
 * `constraint` what the stacks demand: below 2.0, which renames and removes.
 */
export const SchemaNotation = z.strictObject({
  source: z.string(),
  version: z.string(),
  constraint: z.string(),
  provider: Block,
  resources: z.record(z.string(), Block),
  dataSources: z.record(z.string(), Block),
});
export type SchemaNotation = z.infer<typeof SchemaNotation>;

type AttributeType = string | readonly [string, AttributeType];

/** What `terraform providers schema -json` prints, as far as the generator and the comparison read it. */
export interface AttributeSchema {
  readonly type: AttributeType;
  readonly description_kind?: string;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
  readonly deprecated?: boolean;
}
interface NestedBlockSchema {
  readonly nesting_mode: string;
  readonly min_items?: number;
  readonly max_items?: number;
  readonly block: BlockSchema;
}
export interface BlockSchema {
  readonly attributes?: Readonly<Record<string, AttributeSchema>>;
  readonly block_types?: Readonly<Record<string, NestedBlockSchema>>;
  readonly description_kind?: string;
}
export interface TypeSchema {
  readonly version: number;
  readonly block: BlockSchema;
}
export interface ProviderSchema {
  readonly provider: TypeSchema;
  readonly resource_schemas: Readonly<Record<string, TypeSchema>>;
  readonly data_source_schemas: Readonly<Record<string, TypeSchema>>;
}
export interface SchemaFile {
  readonly format_version: string;
  readonly provider_schemas: Readonly<Record<string, ProviderSchema>>;
}

/** Terraform's default provider host: the prefix under which it prints a provider whose source names none. */
export const defaultProviderHost = 'registry.terraform.io';

/** The address Terraform knows the provider by. */
export function providerAddress(notation: SchemaNotation): string {
  return `${defaultProviderHost}/${notation.source}`;
}

/** Expands the notation to the provider schema that the generator and the stand-in provider read. */
export function expandSchema(notation: SchemaNotation): SchemaFile {
  const address = providerAddress(notation);
  return {
    format_version: '1.0',
    provider_schemas: {
      [address]: {
        provider: { version: 0, block: expandBlock(notation.provider) },
        resource_schemas: expandTypes(notation.resources),
        data_source_schemas: expandTypes(notation.dataSources),
      },
    },
  };
}

function expandTypes(types: Readonly<Record<string, BlockNotation>>): Record<string, TypeSchema> {
  const expanded = Object.entries(types).map(([name, block]): [string, TypeSchema] => [
    `alicloud_${name}`,
    // Every type of this provider has `id` (plugin SDK v1 adds it), so no line of the notation repeats it.
    { version: 0, block: expandBlock({ id: 'optional computed string', ...block }) },
  ]);
  return Object.fromEntries(expanded);
}

function expandBlock(notation: BlockNotation): BlockSchema {
  const attributes: Record<string, AttributeSchema> = {};
  const blockTypes: Record<string, NestedBlockSchema> = {};
  for (const [name, value] of Object.entries(notation)) {
    if (typeof value === 'string') attributes[name] = expandAttribute(name, value);
    else blockTypes[name] = expandNestedBlock(name, value);
  }
  return { attributes, block_types: blockTypes, description_kind: 'plain' };
}

function expandNestedBlock(name: string, notation: BlockNotation): NestedBlockSchema {
  const { block: nesting, ...content } = notation;
  const match =
    typeof nesting === 'string' ? /^(list|set|single|map)(?: min=(\d+))?(?: max=(\d+))?$/.exec(nesting) : null;
  if (!match) {
    throw new Error(`schema.json: block ${name} needs a line "block": "set min=1 max=1" (list, set, single or map)`);
  }
  const [, mode = '', min, max] = match;
  return {
    nesting_mode: mode,
    ...(min === undefined ? {} : { min_items: Number(min) }),
    ...(max === undefined ? {} : { max_items: Number(max) }),
    block: expandBlock(content),
  };
}

const attributeFlags = new Set(['required', 'optional', 'computed', 'sensitive']);

function expandAttribute(name: string, line: string): AttributeSchema {
  const words = line.split(' ');
  const type = words.pop() ?? '';
  const unknown = words.find((word) => !attributeFlags.has(word));
  if (unknown !== undefined) {
    throw new Error(
      `schema.json: argument ${name} has the word "${unknown}"; known are ${[...attributeFlags].join(', ')}`,
    );
  }
  const flags = Object.fromEntries(words.map((word) => [word, true]));
  return { type: expandType(name, type), description_kind: 'plain', ...flags };
}

function expandType(name: string, type: string): AttributeType {
  if (type === 'string' || type === 'number' || type === 'bool') return type;
  const match = /^(list|set|map)\((.+)\)$/.exec(type);
  if (!match?.[1] || !match[2]) throw new Error(`schema.json: argument ${name} has no known type: "${type}"`);
  return [match[1], expandType(name, match[2])];
}
