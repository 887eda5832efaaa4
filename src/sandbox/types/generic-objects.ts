import { ownFields } from '../fields.ts';
import { writableByMembers } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import type { Row } from '../store.ts';

const recorded = { activating: 60, removing: 60 } as const;

/** Generic objects (recordings d_*): no uniqueness, no compare-and-swap, changed by PUT even when removed. */
export const genericObjectType: ResourceType = {
  id: 'genericObject',
  plural: 'genericObjects',
  baseType: 'genericObject',
  idPrefix: '1go',
  firstNumber: 1,
  fields: {
    ...ownFields,
    key: { type: 'string', writable: 'create', isNullable: true, maxLength: 255 },
    kind: { type: 'string', writable: 'create', isNullable: true, maxLength: 255 },
    name: { type: 'string', writable: 'create', isNullable: true, maxLength: 255 },
    resourceData: { type: 'map[json]', writable: 'always' },
  },
  columns: [
    'accountId',
    'created',
    'description',
    'id',
    'key',
    'kind',
    'name',
    'removeTime',
    'removed',
    'state',
    'uuid',
  ],
  links: ['account'],
  // d_concurrent_updates: 4 of 40 PUTs by four clients.
  overlapConflictShare: 0.1,
  frozenStates: [],
  methods: writableByMembers,
  knownActions: ['create', 'remove'],
  offers: (row) => (row.state === 'activating' || row.state === 'active' ? ['remove'] : []),
  actions: { remove: { status: 202, run: remove } },
  create: (cattle, values, accountId) => {
    const row = cattle.table('genericObject').add({
      key: null,
      resourceData: null,
      ...values,
      accountId,
      type: 'genericObject',
      name: (values['name'] as string | undefined) ?? null,
      kind: (values['kind'] as string | undefined) ?? 'genericObject',
      state: 'activating',
      transitioning: 'yes',
      transitioningMessage: 'In Progress',
    });
    cattle.changed(row);
    cattle.timeline.after(recorded.activating, () => {
      if (row.state === 'activating') rest(cattle, row, 'active');
    });
    return row;
  },
  update: (cattle, row, values) => {
    Object.assign(row, values);
    cattle.changed(row);
  },
  remove,
};

/** A second removal changes nothing and is no error (recording d_delete_again). */
function remove(cattle: Cattle, row: Row): void {
  if (row.state === 'removing' || row.state === 'removed') return;
  row.state = 'removing';
  row.transitioning = 'yes';
  row.transitioningMessage = 'In Progress';
  cattle.changed(row);
  cattle.timeline.after(recorded.removing, () => {
    row.removedTS = Date.now();
    rest(cattle, row, 'removed');
    cattle.table('genericObject').retire(row);
  });
}

function rest(cattle: Cattle, row: Row, state: string): void {
  row.state = state;
  row.transitioning = 'no';
  row.transitioningMessage = null;
  cattle.changed(row);
}
