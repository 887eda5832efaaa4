import { unprocessable } from '../errors.ts';
import { ownFields } from '../fields.ts';
import { writableByMembers } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import { activate, deactivate, remove } from '../services/service-life.ts';
import type { ServiceRow } from '../services/service-row.ts';
import type { StackRow } from '../rows.ts';

const recorded = { activating: 60, removing: 150 } as const;
const offered = ['deactivateservices', 'activateservices', 'upgrade', 'addoutputs', 'update', 'exportconfig', 'remove'];

/** Stacks (recording a_services_include_stack). */
export const stackType: ResourceType = {
  id: 'stack',
  plural: 'stacks',
  baseType: 'stack',
  idPrefix: '1st',
  firstNumber: 7,
  fields: {
    ...ownFields,
    name: {
      type: 'string',
      writable: 'always',
      isNullable: true,
      isRequired: true,
      minLength: 1,
      maxLength: 63,
      validChars: 'a-zA-Z0-9-',
    },
    answers: { type: 'map[string]', writable: 'always', isNullable: true },
    binding: { type: 'binding', writable: 'always', isNullable: true },
    dockerCompose: { type: 'string', writable: 'create', isNullable: true },
    environment: { type: 'map[string]', writable: 'always', isNullable: true },
    externalId: { type: 'string', writable: 'always', isNullable: true, maxLength: 255 },
    group: { type: 'string', writable: 'always', isNullable: true },
    healthState: { type: 'string', isNullable: true },
    outputs: { type: 'map[string]', writable: 'always', isNullable: true },
    previousEnvironment: { type: 'map[string]', isNullable: true },
    previousExternalId: { type: 'string', isNullable: true },
    rancherCompose: { type: 'string', writable: 'create', isNullable: true },
    serviceIds: { type: 'array[reference[service]]', isNullable: true },
    startOnCreate: { type: 'boolean', writable: 'create', isNullable: true },
    system: { type: 'boolean' },
    templates: { type: 'map[string]', writable: 'always', isNullable: true },
  },
  columns: [
    'accountId',
    'created',
    'description',
    'externalId',
    'group',
    'healthState',
    'id',
    'kind',
    'name',
    'removeTime',
    'removed',
    'state',
    'system',
    'uuid',
  ],
  links: [
    'account',
    'hosts',
    'instances',
    'scheduledUpgrades',
    'secrets',
    'services',
    'volumeTemplates',
    'volumes',
    'composeConfig',
  ],
  overlapConflictShare: 1,
  frozenStates: ['removing', 'removed', 'error'],
  methods: writableByMembers,
  knownActions: [...offered, 'activate', 'cancelupgrade', 'create', 'error', 'finishupgrade', 'rollback'],
  offers: (row) => (row.state === 'active' ? offered : []),
  actions: {
    activateservices: { status: 202, run: (cattle, row) => onServices(cattle, row as StackRow, 'activateservices') },
    deactivateservices: {
      status: 202,
      run: (cattle, row) => onServices(cattle, row as StackRow, 'deactivateservices'),
    },
    remove: { status: 202, run: (cattle, row) => removeStack(cattle, row as StackRow) },
  },
  create: (cattle, values, accountId) => {
    for (const other of cattle.table('stack').list(accountId)) {
      if (other.name === values['name']) throw unprocessable('NotUnique', 'name');
    }
    const row = cattle.table<StackRow>('stack').add({
      system: false,
      ...values,
      accountId,
      type: 'stack',
      kind: 'stack',
      name: String(values['name']),
      state: 'activating',
      transitioning: 'yes',
      transitioningMessage: 'In Progress',
      healthState: 'healthy',
      serviceIds: null,
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
  remove: (cattle, row) => removeStack(cattle, row as StackRow),
  follow: {
    services: (cattle, row) => ({ listOf: 'service', rows: servicesOf(cattle, row as StackRow) }),
    instances: (cattle, row) => ({
      listOf: 'instance',
      rows: servicesOf(cattle, row as StackRow).flatMap((service) =>
        service.units.flat().flatMap((id) => cattle.table('instance').find(id) ?? []),
      ),
    }),
  },
};

function servicesOf(cattle: Cattle, stack: StackRow): ServiceRow[] {
  return (stack.serviceIds ?? []).flatMap((id) => cattle.table<ServiceRow>('service').find(id) ?? []);
}

function onServices(cattle: Cattle, stack: StackRow, action: 'activateservices' | 'deactivateservices'): void {
  for (const service of servicesOf(cattle, stack)) {
    if (action === 'activateservices' && service.state === 'inactive') activate(cattle, service);
    if (action === 'deactivateservices' && service.state === 'active') deactivate(cattle, service);
  }
}

/** Removes the services first; the stack follows. */
function removeStack(cattle: Cattle, stack: StackRow): void {
  if (stack.state === 'removing' || stack.state === 'removed') return;
  stack.state = 'removing';
  stack.transitioning = 'yes';
  stack.transitioningMessage = 'In Progress';
  cattle.changed(stack);
  let left = 1;
  const oneGone = (): void => {
    left -= 1;
    if (left > 0) return;
    stack.removedTS = Date.now();
    rest(cattle, stack, 'removed');
    cattle.table('stack').retire(stack);
  };
  for (const service of servicesOf(cattle, stack)) {
    left += 1;
    remove(cattle, service, oneGone);
  }
  cattle.timeline.after(recorded.removing, oneGone);
}

function rest(cattle: Cattle, stack: StackRow, state: string): void {
  stack.state = state;
  stack.transitioning = 'no';
  stack.transitioningMessage = null;
  cattle.changed(stack);
}
