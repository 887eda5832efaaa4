import { ownFields } from '../fields.ts';
import { readOnly } from '../resource-type.ts';
import type { ResourceType } from '../resource-type.ts';

function physicalHost(kind: Pick<ResourceType, 'id' | 'plural'>): ResourceType {
  return {
    ...kind,
    baseType: 'physicalHost',
    idPrefix: '1ph',
    firstNumber: 1,
    fields: {
      ...ownFields,
      name: { type: 'string', isNullable: true },
      driver: { type: 'string', isNullable: true },
      externalId: { type: 'string', isNullable: true },
      labels: { type: 'map[string]', isNullable: true },
    },
    columns: ['accountId', 'created', 'description', 'externalId', 'id', 'kind', 'name', 'removed', 'state', 'uuid'],
    links: ['account', 'hosts'],
    overlapConflictShare: 0,
    frozenStates: [],
    methods: () => readOnly,
    knownActions: ['remove', 'update'],
    offers: () => [],
    actions: {},
  };
}

/** What stands behind a machine host (recording f_physicalhost_get_project_key): read only, without the driver's config. */
export const physicalHostTypes: readonly ResourceType[] = [
  physicalHost({ id: 'physicalHost', plural: 'physicalHosts' }),
  physicalHost({ id: 'machine', plural: 'machines' }),
];
