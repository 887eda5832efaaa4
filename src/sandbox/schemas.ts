import type { Field, Fields } from './fields.ts';
import { isWritable } from './fields.ts';
import { resourceTypes } from './resource-types.ts';
import type { ResourceType } from './resource-type.ts';
import type { Scope } from './view.ts';

const textModifiers = ['eq', 'ne', 'prefix', 'like', 'notlike', 'null', 'notnull'];
const orderModifiers = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'null', 'notnull'];
const plainModifiers = ['eq', 'ne', 'null', 'notnull'];

/**
 * A type's schema as a role sees it. Its `collectionMethods` and `resourceMethods` are the caller's rights
 * (recordings a_schemas_*, f_schemas_host_*).
 */
export function schema(type: ResourceType, { base, role }: Scope): object {
  const { collection, resource } = type.methods(role);
  const isWriter = resource.includes('PUT');
  return {
    id: type.id,
    type: 'schema',
    links: { self: `${base}/schemas/${type.id.toLowerCase()}`, collection: `${base}/${type.plural.toLowerCase()}` },
    actions: {},
    pluralName: type.plural,
    resourceFields: {
      id: describe({ type: 'int', isNullable: true }),
      ...Object.fromEntries(
        Object.entries(type.fields)
          .filter(([name]) => type.hides?.(name, role) !== true)
          .map(([name, field]) => [name, describe(field)]),
      ),
    },
    collectionFilters: Object.fromEntries(
      type.columns.map((column) => [column, { modifiers: modifiersOf(type, column) }]),
    ),
    includeableLinks: type.links,
    resourceActions: isWriter
      ? Object.fromEntries(type.knownActions.map((action) => [action, { input: null, output: type.id }]))
      : {},
    collectionActions: {},
    collectionFields: {},
    collectionMethods: collection,
    resourceMethods: resource,
    baseType: 'schema',
  };
}

/** The schema of a driver's config: a part of hosts, with no collection of its own (recording f_schemas_aliyunecsconfig_project_key). */
export function configSchema(id: string, fields: Fields, { base }: Scope): object {
  return {
    id,
    type: 'schema',
    links: { self: `${base}/schemas/${id.toLowerCase()}` },
    actions: {},
    pluralName: `${id}s`,
    resourceFields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, describe(field)])),
    collectionMethods: ['POST'],
    resourceMethods: ['GET'],
    resourceActions: {},
    collectionActions: {},
    baseType: 'schema',
  };
}

/** All schemas as one collection. */
export function schemas(scope: Scope): object {
  return {
    type: 'collection',
    resourceType: 'schema',
    links: { self: `${scope.base}/schemas` },
    createTypes: {},
    actions: {},
    data: resourceTypes.map((type) => schema(type, scope)),
    sortLinks: {},
    pagination: null,
    sort: null,
    filters: {},
    createDefaults: {},
  };
}

/** The root of an API version: a link for each collection (recording g_environment_agent_key_root). */
export function apiVersion(version: string, { base }: Scope): object {
  const collections = resourceTypes.map((type) => [type.plural, `${base}/${type.plural.toLowerCase()}`]);
  return {
    id: version,
    type: 'apiVersion',
    links: Object.fromEntries([
      ['self', base],
      ...collections,
      ['schemas', `${base}/schemas`],
      ['subscribe', `${base}/subscribe`],
    ]),
    actions: {},
    baseType: 'apiVersion',
  };
}

function describe(field: Field): object {
  return {
    type: field.type,
    description: null,
    create: isWritable(field, 'create'),
    update: isWritable(field, 'update'),
    ...(field.isNullable === true ? { nullable: true } : {}),
    ...(field.isRequired === true ? { required: true } : {}),
    readOnCreateOnly: false,
    ...(field.minLength === undefined ? {} : { minLength: field.minLength }),
    ...(field.maxLength === undefined ? {} : { maxLength: field.maxLength }),
    ...(field.min === undefined ? {} : { min: field.min }),
    ...(field.validChars === undefined ? {} : { validChars: field.validChars }),
    ...(field.default === undefined ? {} : { default: field.default }),
  };
}

function modifiersOf(type: ResourceType, column: string): readonly string[] {
  const fieldType = type.fields[column]?.type;
  if (fieldType === 'int' || fieldType === 'date' || column === 'id' || column === 'removeTime') return orderModifiers;
  return fieldType === 'string' ? textModifiers : plainModifiers;
}
