import type { AnyDriver, ResourceField } from '../drivers/driver.ts';
import type { ReceiverKinds } from '../receivers/receiver-settings.ts';
import { defaultRepeatAfterSeconds, longestName, mostRepeatAfterSeconds } from '../receivers/receiver-settings.ts';
import { outcomes } from '../domain/outcome.ts';
import type { Links } from './links.ts';

/** A schema as Rancher's API explorer and UI read it. */
interface Schema {
  readonly id: string;
  readonly pluralName: string;
  readonly resourceFields: Readonly<Record<string, ResourceField>>;
  readonly resourceMethods: readonly string[];
  readonly collectionMethods?: readonly string[];
  readonly resourceActions?: Readonly<Record<string, object>>;
  readonly collectionFilters?: Readonly<Record<string, object>>;
}

export interface SchemaResource extends Schema {
  readonly type: 'schema';
  readonly actions: Readonly<Record<string, never>>;
  readonly links: Readonly<Record<string, string>>;
}

const string: ResourceField = { type: 'string' };
const map: ResourceField = { type: 'map[string]' };
const resource = { id: string, type: string, links: map, actions: map };

/** Ids of the drivers: each has its `<id>Config`. */
export function driverIdsOf(drivers: readonly AnyDriver[]): readonly string[] {
  return drivers.map(({ id }) => id);
}

/** Every schema: the old service's with all their fields, and ours. */
export function listSchemas(kinds: ReceiverKinds, links: Links): readonly SchemaResource[] {
  const schemas = [receiverSchema(kinds), ...driverSchemas(kinds.drivers), executionSchema, ...plainSchemas];
  return schemas.map((schema) => ({
    ...schema,
    type: 'schema',
    actions: {},
    links: {
      self: links.schemas(schema.id),
      ...(schema.collectionMethods === undefined
        ? {}
        : { collection: `${links.base}/v1-webhooks/${schema.pluralName.toLowerCase()}` }),
    },
  }));
}

function receiverSchema({ drivers, formats }: ReceiverKinds): Schema {
  const editable = { create: true, update: true };
  return {
    id: 'receiver',
    pluralName: 'receivers',
    collectionMethods: ['GET', 'POST'],
    resourceMethods: ['GET', 'PUT', 'DELETE'],
    resourceActions: {
      pause: { output: 'receiver' },
      resume: { output: 'receiver' },
      rotatekey: { output: 'receiver' },
      test: {},
      adopt: { output: 'receiver' },
    },
    resourceFields: {
      ...resource,
      name: { type: 'string', ...editable, max: longestName },
      driver: { type: 'enum', create: true, options: drivers.map(({ id }) => id) },
      state: { type: 'enum', options: ['active', 'paused', 'error'] },
      url: string,
      created: { type: 'date' },
      transitioning: { type: 'enum', options: ['yes', 'no', 'error'] },
      transitioningMessage: { type: 'string', nullable: true },
      format: { type: 'enum', ...editable, default: 'auto', options: ['auto', ...formats.map(({ id }) => id)] },
      formatSettings: { type: 'map[json]', ...editable, nullable: true },
      repeatAfterSeconds: {
        type: 'int',
        ...editable,
        default: defaultRepeatAfterSeconds,
        min: 0,
        max: mostRepeatAfterSeconds,
      },
      signature: { type: 'json', ...editable, nullable: true },
      allowedSources: { type: 'array[string]', ...editable, nullable: true },
      rateLimit: { type: 'json', ...editable, nullable: true },
      callback: { type: 'json', ...editable, nullable: true },
      installationDefaults: { type: 'map[json]' },
      provenance: { type: 'enum', options: ['ours', 'unverified'] },
      ...Object.fromEntries(driverIdsOf(drivers).map((id) => [`${id}Config`, { type: id, ...editable }])),
    },
  };
}

function driverSchemas(drivers: readonly AnyDriver[]): readonly Schema[] {
  return drivers.map(({ id, resourceFields }) => ({
    id,
    pluralName: `${id}s`,
    resourceMethods: ['GET'],
    resourceFields,
  }));
}

const executionSchema: Schema = {
  id: 'execution',
  pluralName: 'executions',
  collectionMethods: ['GET'],
  resourceMethods: ['GET'],
  resourceActions: { retry: { output: 'execution' }, cancel: { output: 'execution' } },
  collectionFilters: {
    receiverId: { modifiers: ['eq'] },
    target: { modifiers: ['eq'] },
    outcome: { modifiers: ['eq'], options: outcomes },
    state: { modifiers: ['eq'], options: ['waiting', 'under-way', 'finished'] },
    acceptedFrom: { modifiers: ['eq'] },
    acceptedBefore: { modifiers: ['eq'] },
  },
  resourceFields: {
    ...resource,
    receiverId: string,
    receiverName: string,
    driver: string,
    format: string,
    reason: string,
    state: { type: 'enum', options: ['waiting', 'under-way', 'finished'] },
    outcome: { type: 'enum', options: outcomes, nullable: true },
    message: string,
    code: string,
    applied: string,
    from: { type: 'int', nullable: true },
    to: { type: 'int', nullable: true },
    acceptedAt: { type: 'date' },
    finishedAt: { type: 'date', nullable: true },
    items: { type: 'array[json]' },
    attempts: { type: 'array[json]' },
  },
};

const plainSchemas: readonly Schema[] = [
  {
    id: 'apiVersion',
    pluralName: 'apiVersions',
    collectionMethods: ['GET'],
    resourceMethods: ['GET'],
    resourceFields: resource,
  },
  {
    id: 'schema',
    pluralName: 'schemas',
    collectionMethods: ['GET'],
    resourceMethods: ['GET'],
    resourceFields: {
      ...resource,
      collectionActions: map,
      collectionFields: map,
      collectionFilters: map,
      collectionMethods: { type: 'array[string]' },
      includeableLinks: { type: 'array[string]' },
      pluralName: string,
      resourceActions: map,
      resourceFields: map,
      resourceMethods: { type: 'array[string]' },
    },
  },
  {
    id: 'error',
    pluralName: 'errors',
    collectionMethods: ['GET'],
    resourceMethods: ['GET'],
    resourceFields: {
      ...resource,
      status: { type: 'int' },
      statusCode: { type: 'int' },
      code: string,
      message: string,
      detail: { type: 'string', nullable: true },
      fieldName: { type: 'string', nullable: true },
      traceId: { type: 'string', nullable: true },
    },
  },
];
