import { ownFields } from '../fields.ts';
import { writableByMembers } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import type { Row } from '../store.ts';

const recorded = { registering: 60 } as const;
const offered: Readonly<Record<string, readonly string[]>> = {
  registering: ['activate', 'remove', 'deactivate'],
  active: ['remove', 'deactivate'],
  inactive: ['activate', 'remove'],
};

/** API keys: whoever may POST gets a key of the project's own kind, an agent's key too (recording g_apikey_create_as_environment_agent_key). */
export const apiKeyType: ResourceType = {
  id: 'apiKey',
  plural: 'apiKeys',
  baseType: 'credential',
  idPrefix: '1c',
  firstNumber: 1,
  fields: {
    ...ownFields,
    name: { type: 'string', writable: 'always', isNullable: true },
    publicValue: { type: 'string', isNullable: true },
    secretValue: { type: 'password', isNullable: true },
  },
  columns: ['accountId', 'created', 'description', 'id', 'kind', 'name', 'publicValue', 'removed', 'state', 'uuid'],
  links: ['account', 'images', 'instances', 'certificate'],
  overlapConflictShare: 0,
  frozenStates: ['removed'],
  methods: writableByMembers,
  knownActions: ['activate', 'create', 'deactivate', 'purge', 'remove', 'update'],
  offers: (row) => offered[row.state] ?? [],
  actions: {
    activate: { status: 202, run: (cattle, row) => become(cattle, row, 'active') },
    deactivate: { status: 202, run: (cattle, row) => become(cattle, row, 'inactive') },
    remove: { status: 202, run: (cattle, row) => remove(cattle, row) },
  },
  create: (cattle, values, accountId) => {
    const project = cattle.table('account').find(accountId);
    const key = cattle.accounts.issue({
      role: 'project',
      accountId,
      projectId: accountId,
      name: project?.name ?? accountId,
    });
    const row = cattle.table('credential').add({
      ...values,
      accountId,
      type: 'apiKey',
      kind: 'apiKey',
      name: (values['name'] as string | undefined) ?? null,
      state: 'registering',
      transitioning: 'yes',
      transitioningMessage: 'In Progress',
      publicValue: key.accessKey,
      secretValue: key.secretKey,
    });
    cattle.timeline.after(recorded.registering, () => {
      // Rancher shows the secret half in the answer of the create and never again.
      row['secretValue'] = null;
      if (row.state === 'registering') become(cattle, row, 'active');
    });
    return row;
  },
  update: (cattle, row, values) => {
    Object.assign(row, values);
    cattle.changed(row);
  },
  remove,
};

function become(cattle: Cattle, row: Row, state: 'active' | 'inactive'): void {
  row.state = state;
  row.transitioning = 'no';
  row.transitioningMessage = null;
  cattle.accounts.setActive(String(row['publicValue']), state === 'active' ? 'allowed' : 'refused');
  cattle.changed(row);
}

function remove(cattle: Cattle, row: Row): void {
  if (row.removedTS !== null) return;
  become(cattle, row, 'inactive');
  row.state = 'removed';
  row.removedTS = Date.now();
  cattle.table('credential').retire(row);
}
