import { ownFields } from '../fields.ts';
import { driverNames } from '../machines/machine-drivers.ts';
import { readOnly } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import type { Row } from '../store.ts';

const offered: Readonly<Record<string, readonly string[]>> = {
  active: ['deactivate', 'remove'],
  inactive: ['activate', 'remove'],
};

/** Machine drivers: everybody reads them, only an admin changes them. */
export const machineDriverType: ResourceType = {
  id: 'machineDriver',
  plural: 'machineDrivers',
  baseType: 'machineDriver',
  idPrefix: '1md',
  firstNumber: 1,
  fields: {
    ...ownFields,
    name: { type: 'string', isNullable: true },
    activateOnCreate: { type: 'boolean' },
    builtin: { type: 'boolean' },
    checksum: { type: 'string', isNullable: true },
    externalId: { type: 'string', isNullable: true },
    uiUrl: { type: 'string', isNullable: true },
    url: { type: 'string', isNullable: true },
  },
  columns: ['accountId', 'created', 'description', 'id', 'kind', 'name', 'removed', 'state', 'uuid'],
  links: ['account'],
  overlapConflictShare: 0,
  frozenStates: [],
  methods: (role) => (role === 'admin' ? { collection: ['GET'], resource: ['GET', 'PUT'] } : readOnly),
  knownActions: ['activate', 'deactivate', 'error', 'reactivate', 'remove', 'update'],
  offers: (row) => offered[row.state] ?? [],
  actions: {
    activate: { status: 202, run: (cattle, row) => become(cattle, row, 'active') },
    deactivate: { status: 202, run: (cattle, row) => become(cattle, row, 'inactive') },
  },
  // They belong to the installation, not to a project.
  visible: (cattle) => cattle.table('machineDriver').all(),
};

/** The drivers of a fresh installation, with the Aliyun one added from the community catalog. */
export function placeMachineDrivers(cattle: Cattle): void {
  for (const name of driverNames) {
    cattle.table('machineDriver').add({
      accountId: '1a1',
      type: 'machineDriver',
      kind: 'machineDriver',
      name,
      state: 'active',
      activateOnCreate: false,
      builtin: name !== 'aliyunecs',
      url: name === 'aliyunecs' ? 'https://example.com/docker-machine-driver-aliyunecs.tgz' : 'local://',
    });
  }
}

function become(cattle: Cattle, row: Row, state: 'active' | 'inactive'): void {
  row.state = state;
  cattle.changed(row);
}
