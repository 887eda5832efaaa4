import { isMap } from '../body.ts';
import { ownFields } from '../fields.ts';
import { writableByMembers } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import type { Row } from '../store.ts';

const recorded = { activating: 60, removing: 60 } as const;

/** Host templates (recordings f_hosttemplate_*): secret values are shown once, values never change, everybody but `readonly` makes them. */
export const hostTemplateType: ResourceType = {
  id: 'hostTemplate',
  plural: 'hostTemplates',
  baseType: 'hostTemplate',
  idPrefix: '1ht',
  firstNumber: 1,
  fields: {
    ...ownFields,
    name: { type: 'string', writable: 'always', isNullable: true },
    driver: { type: 'string', writable: 'create', isNullable: true },
    flavorPrefix: { type: 'string', writable: 'create', isNullable: true },
    publicValues: { type: 'map[json]', writable: 'create', isNullable: true },
    secretValues: { type: 'map[json]', writable: 'create', isNullable: true },
  },
  columns: [
    'accountId',
    'created',
    'description',
    'driver',
    'flavorPrefix',
    'id',
    'kind',
    'name',
    'removeTime',
    'removed',
    'state',
    'uuid',
  ],
  links: ['account', 'hosts'],
  overlapConflictShare: 0,
  frozenStates: [],
  methods: writableByMembers,
  knownActions: ['activate', 'create', 'deactivate', 'purge', 'remove', 'update'],
  offers: (row) => (row.state === 'activating' || row.state === 'active' ? ['remove'] : []),
  actions: { remove: { status: 202, run: (cattle, row) => remove(cattle, row) } },
  create: (cattle, values, accountId) => {
    const row = placeHostTemplate(cattle, { ...values, projectId: accountId });
    row.state = 'activating';
    row.transitioning = 'yes';
    row.transitioningMessage = 'In Progress';
    const hidden = row['secretValues'];
    row['secretValues'] = values['secretValues'] ?? {};
    // The answer of the create is written in this turn; every later one shows names only.
    queueMicrotask(() => {
      row['secretValues'] = hidden;
    });
    cattle.timeline.after(recorded.activating, () => {
      if (row.state === 'activating') settle(cattle, row, 'active');
    });
    return row;
  },
  update: (cattle, row, values) => {
    Object.assign(row, values);
    cattle.changed(row);
  },
  remove,
};

/** A template as a test wants it to stand there. */
export interface PlacedHostTemplate {
  readonly projectId: string;
  readonly name?: string;
  readonly driver?: string;
  /** By config name: `{"aliyunecsConfig":{…}}`. */
  readonly publicValues?: unknown;
  readonly secretValues?: unknown;
}

/** Places an active template; its secret values are gone, only their names are kept. */
export function placeHostTemplate(cattle: Cattle, { projectId, ...fields }: PlacedHostTemplate): Row {
  const row = cattle.table('hostTemplate').add({
    name: null,
    driver: null,
    ...fields,
    secretValues: hideValues(fields.secretValues),
    accountId: projectId,
    type: 'hostTemplate',
    kind: 'hostTemplate',
    state: 'active',
  });
  cattle.changed(row);
  return row;
}

function hideValues(values: unknown): object {
  if (!isMap(values)) return {};
  return Object.fromEntries(
    Object.entries(values).map(([config, options]) => [
      config,
      Object.fromEntries(Object.keys(isMap(options) ? options : {}).map((name) => [name, null])),
    ]),
  );
}

function settle(cattle: Cattle, row: Row, state: 'active' | 'removed'): void {
  row.state = state;
  row.transitioning = 'no';
  row.transitioningMessage = null;
  cattle.changed(row);
}

function remove(cattle: Cattle, row: Row): void {
  if (row.removedTS !== null) return;
  row.state = 'removing';
  row.transitioning = 'yes';
  row.transitioningMessage = 'In Progress';
  cattle.timeline.after(recorded.removing, () => {
    row.removedTS = Date.now();
    cattle.table('hostTemplate').retire(row);
    settle(cattle, row, 'removed');
  });
}
