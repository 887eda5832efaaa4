import { appendFileSync } from 'node:fs';
import { expandSchema, providerAddress } from '../../../../infra/provider-alicloud/scripts/notation.ts';
import type {
  BlockSchema,
  ProviderSchema,
  SchemaNotation,
  TypeSchema,
} from '../../../../infra/provider-alicloud/scripts/notation.ts';
import { plan, settle } from './blocks.ts';
import { inventValue } from './cloud.ts';
import { providerComplaints } from './real-checks.ts';
import { readValues, unknown, writeValues } from './values.ts';
import type { Values, WireValue } from './values.ts';

/** One thing the provider was asked to do to the cloud. */
export interface LoggedCall {
  readonly operation: 'configure' | 'create' | 'update' | 'delete' | 'read';
  readonly type: string;
  readonly values: Values | null;
}

export interface StandInOptions {
  readonly notation: SchemaNotation;
  /** JSON lines of `LoggedCall` are appended here. */
  readonly logFile: string;
  /** Ids of the application groups CloudMonitor has made so far. */
  readonly monitorGroups: readonly string[];
}

interface TypedConfig {
  readonly type_name: string;
  readonly config: WireValue | null;
}
interface PlanRequest {
  readonly type_name: string;
  readonly prior_state: WireValue | null;
  readonly proposed_new_state: WireValue | null;
}
interface ApplyRequest {
  readonly type_name: string;
  readonly prior_state: WireValue | null;
  readonly planned_state: WireValue | null;
}
interface StateRequest {
  readonly current_state: WireValue | null;
  readonly raw_state: { readonly json: Uint8Array };
  readonly private: Uint8Array;
}

const nestings: Readonly<Record<string, number>> = { single: 1, list: 2, set: 3, map: 4 };

/** The calls of the protocol, each as a function from request to answer: our schema, the real provider's checks, no cloud. */
export function standInProvider({ notation, logFile, monitorGroups }: StandInOptions) {
  const schema = schemaOf(notation);
  const log = (call: LoggedCall): void => {
    appendFileSync(logFile, `${JSON.stringify(call)}\n`);
  };
  const blockOf = (types: ProviderSchema['resource_schemas'], name: string): BlockSchema => {
    const type = types[name];
    if (!type) throw new Error(`the schema has no ${name}`);
    return type.block;
  };

  return {
    GetSchema: () => ({
      provider: wireSchema(schema.provider),
      resource_schemas: mapValues(schema.resource_schemas, wireSchema),
      data_source_schemas: mapValues(schema.data_source_schemas, wireSchema),
    }),
    PrepareProviderConfig: ({ config }: TypedConfig) => ({
      prepared_config: config,
      diagnostics: complain('provider', config),
    }),
    ValidateResourceTypeConfig: ({ type_name, config }: TypedConfig) => ({ diagnostics: complain(type_name, config) }),
    ValidateDataSourceConfig: () => ({ diagnostics: [] }),
    UpgradeResourceState: ({ raw_state }: StateRequest) => ({ upgraded_state: { json: raw_state.json } }),
    Configure: ({ config }: TypedConfig) => {
      log({ operation: 'configure', type: 'provider', values: readValues(config) });
      return { diagnostics: [] };
    },
    ReadResource: (request: StateRequest) => ({ new_state: request.current_state, private: request.private }),
    PlanResourceChange: (request: PlanRequest) => {
      const proposed = readValues(request.proposed_new_state);
      const block = blockOf(schema.resource_schemas, request.type_name);
      const planned = proposed && plan(block, proposed, readValues(request.prior_state));
      return { planned_state: writeValues(planned), legacy_type_system: true };
    },
    ApplyResourceChange: (request: ApplyRequest) => {
      const { type_name: type } = request;
      const planned = readValues(request.planned_state);
      const block = blockOf(schema.resource_schemas, type);
      const made =
        planned && settle(block, planned, (name, attribute, values) => inventValue(type, name, attribute, values));
      const existed = readValues(request.prior_state) !== null;
      log({ operation: made === null ? 'delete' : existed ? 'update' : 'create', type, values: made });
      return { new_state: writeValues(made), legacy_type_system: true };
    },
    ReadDataSource: ({ type_name: type, config }: TypedConfig) => {
      const asked = readValues(config) ?? {};
      const values = { ...asked, ids: monitorGroups, id: asked['id'] === unknown ? null : `${type}-result` };
      log({ operation: 'read', type, values });
      return { state: writeValues(values), diagnostics: [] };
    },
    Stop: () => ({}),
  };
}

function schemaOf(notation: SchemaNotation): ProviderSchema {
  const schema = expandSchema(notation).provider_schemas[providerAddress(notation)];
  if (!schema) throw new Error('schema.json expands to no provider');
  return schema;
}

function complain(type: string, config: WireValue | null): { severity: number; summary: string }[] {
  const error = 1;
  return providerComplaints(type, readValues(config) ?? {}).map((summary) => ({ severity: error, summary }));
}

function wireSchema({ version, block }: TypeSchema): unknown {
  return { version, block: wireBlock(block) };
}

function wireBlock(block: BlockSchema): unknown {
  return {
    attributes: Object.entries(block.attributes ?? {}).map(([name, { type, ...flags }]) => ({
      name,
      type: Buffer.from(JSON.stringify(type)),
      required: flags.required ?? false,
      optional: flags.optional ?? false,
      computed: flags.computed ?? false,
      sensitive: flags.sensitive ?? false,
    })),
    block_types: Object.entries(block.block_types ?? {}).map(([type_name, nested]) => ({
      type_name,
      block: wireBlock(nested.block),
      nesting: nestings[nested.nesting_mode],
      min_items: nested.min_items ?? 0,
      max_items: nested.max_items ?? 0,
    })),
  };
}

function mapValues<From, To>(entries: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, map(value)]));
}
