import { unprocessable } from '../errors.ts';
import { ownFields } from '../fields.ts';
import { evacuateByEvent } from '../machines/evacuation.ts';
import { readOnly } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import type { HostRow } from '../rows.ts';
import type { Row } from '../store.ts';

const recorded = { created: 30 } as const;

/** Events about hosts: `creating` until all is done, then `created`, whatever happened (recordings e_event_*). */
export const externalHostEventType: ResourceType = {
  id: 'externalHostEvent',
  plural: 'externalHostEvents',
  baseType: 'externalEvent',
  idPrefix: '1ee',
  firstNumber: 1,
  fields: {
    ...ownFields,
    deleteHost: { type: 'boolean', writable: 'create', default: false },
    eventType: { type: 'string', writable: 'create', isNullable: true },
    externalId: { type: 'string', isNullable: true },
    hostId: { type: 'reference[host]', writable: 'create', isNullable: true },
    hostLabel: { type: 'string', writable: 'create', isNullable: true },
    reportedAccountId: { type: 'reference[account]', isNullable: true },
  },
  columns: ['accountId', 'created', 'eventType', 'externalId', 'id', 'kind', 'reportedAccountId', 'state', 'uuid'],
  links: ['account'],
  overlapConflictShare: 0,
  frozenStates: [],
  methods: (role) => (role === 'readonly' ? readOnly : { collection: ['GET', 'POST'], resource: ['GET'] }),
  knownActions: ['create', 'remove'],
  offers: () => ['remove'],
  actions: {},
  create: (cattle, values, accountId) => {
    const { hostId } = values;
    const host = typeof hostId === 'string' ? cattle.table<HostRow>('host').find(hostId) : undefined;
    if (hostId !== undefined && (host === undefined || host.accountId !== accountId))
      throw unprocessable('InvalidReference', 'hostId');
    const row = cattle.table('externalEvent').add({
      ...values,
      accountId,
      type: 'externalHostEvent',
      kind: 'externalHostEvent',
      name: null,
      state: 'creating',
      transitioning: 'yes',
      transitioningMessage: 'In Progress',
    });
    const ended = (): void => cattle.timeline.after(recorded.created, () => end(cattle, row));
    if (host === undefined || values['eventType'] !== 'host.evacuate') ended();
    else evacuateByEvent(cattle, host, { deletes: values['deleteHost'] === true, ended });
    return row;
  },
};

function end(cattle: Cattle, row: Row): void {
  row.state = 'created';
  row.transitioning = 'no';
  row.transitioningMessage = null;
  cattle.changed(row);
}
