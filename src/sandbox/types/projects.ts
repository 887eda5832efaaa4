import { ownFields } from '../fields.ts';
import { readOnly } from '../resource-type.ts';
import type { ResourceType } from '../resource-type.ts';

/** Projects (Rancher's "environments"): a caller sees those his key reaches (recordings g_projects_list_*, g_project_get). */
export const projectType: ResourceType = {
  id: 'project',
  plural: 'projects',
  baseType: 'account',
  idPrefix: '1a',
  firstNumber: 5,
  fields: {
    ...ownFields,
    name: { type: 'string', writable: 'always', isNullable: true },
    defaultNetworkId: { type: 'reference[network]', isNullable: true },
    healthState: { type: 'string', isNullable: true },
    hostRemoveDelaySeconds: { type: 'int', isNullable: true },
    members: { type: 'array[projectMember]', isNullable: true },
    orchestration: { type: 'string', isNullable: true },
    projectTemplateId: { type: 'reference[projectTemplate]', isNullable: true },
    servicesPortRange: { type: 'servicesPortRange', isNullable: true },
    version: { type: 'string', isNullable: true },
    virtualMachine: { type: 'boolean' },
  },
  columns: ['created', 'description', 'externalId', 'id', 'kind', 'name', 'removed', 'state', 'uuid', 'version'],
  links: ['genericObjects', 'hosts', 'instances', 'services', 'stacks', 'apiKeys', 'schemas'],
  overlapConflictShare: 0,
  frozenStates: [],
  methods: () => readOnly,
  knownActions: [
    'activate',
    'create',
    'deactivate',
    'defaultNetworkId',
    'delete',
    'purge',
    'remove',
    'setmembers',
    'update',
    'upgrade',
  ],
  offers: () => ['defaultNetworkId'],
  actions: {},
  visible: (cattle, caller) =>
    cattle.accounts.projectIds(caller).flatMap((id) => cattle.table('account').find(id) ?? []),
};
