import { ownFields } from '../fields.ts';
import { readOnly } from '../resource-type.ts';
import type { ResourceType } from '../resource-type.ts';
import type { InstanceRow } from '../rows.ts';

const fields = {
  ...ownFields,
  name: { type: 'string', isNullable: true },
  createIndex: { type: 'int', isNullable: true },
  deploymentUnitUuid: { type: 'string', isNullable: true },
  healthState: { type: 'string', isNullable: true },
  hostId: { type: 'reference[host]', isNullable: true },
  imageUuid: { type: 'string', isNullable: true },
  labels: { type: 'map[string]', isNullable: true },
  primaryIpAddress: { type: 'string', isNullable: true },
  serviceIds: { type: 'array[reference[service]]', isNullable: true },
} as const;

function instance(kind: Pick<ResourceType, 'id' | 'plural'>): ResourceType {
  return {
    ...kind,
    baseType: 'instance',
    idPrefix: '1i',
    firstNumber: 9,
    fields,
    columns: [
      'accountId',
      'createIndex',
      'created',
      'deploymentUnitUuid',
      'description',
      'healthState',
      'hostId',
      'id',
      'kind',
      'name',
      'removed',
      'state',
      'uuid',
    ],
    links: ['account', 'hosts', 'services'],
    overlapConflictShare: 0,
    frozenStates: [],
    methods: () => readOnly,
    knownActions: ['restart', 'start', 'stop', 'remove', 'update'],
    offers: () => [],
    actions: {},
    follow: {
      services: (cattle, row) => ({
        listOf: 'service',
        rows: (row as InstanceRow).serviceIds.flatMap((id) => cattle.table('service').find(id) ?? []),
      }),
      hosts: (cattle, row) => ({
        listOf: 'host',
        rows: [(row as InstanceRow).hostId].flatMap((id) => (id === null ? [] : (cattle.table('host').find(id) ?? []))),
      }),
    },
  };
}

/** Containers, read only: they belong to their services (recording b_service_instances). */
export const instanceTypes: readonly ResourceType[] = [
  instance({ id: 'instance', plural: 'instances' }),
  instance({ id: 'container', plural: 'containers' }),
];
