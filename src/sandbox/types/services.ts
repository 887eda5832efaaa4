import type { Body } from '../body.ts';
import { unprocessable } from '../errors.ts';
import { ownFields } from '../fields.ts';
import type { Fields } from '../fields.ts';
import { writableByMembers } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import { filledLaunchConfig, filledSidekicks } from '../services/launch-config.ts';
import { activate, deactivate, register, remove, rescale } from '../services/service-life.ts';
import { cancelUpgrade, continueUpgrade, finishUpgrade, rollback, upgrade } from '../services/upgrade.ts';
import type { ServiceRow } from '../services/service-row.ts';
import type { StackRow } from '../rows.ts';

/** Fields of every kind of service. */
const sharedFields: Fields = {
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
  externalId: { type: 'string', writable: 'create', isNullable: true, maxLength: 255 },
  fqdn: { type: 'string', isNullable: true },
  healthState: { type: 'string', isNullable: true, maxLength: 128 },
  instanceIds: { type: 'array[reference[instance]]', isNullable: true },
  launchConfig: { type: 'launchConfig', writable: 'create', isNullable: true },
  linkedServices: { type: 'map[reference[service]]', isNullable: true },
  metadata: { type: 'map[json]', writable: 'always', isNullable: true },
  secondaryLaunchConfigs: { type: 'array[secondaryLaunchConfig]', writable: 'create' },
  stackId: { type: 'reference[stack]', writable: 'create', isRequired: true },
  startOnCreate: { type: 'boolean', writable: 'create', isNullable: true, default: false },
  system: { type: 'boolean' },
  upgrade: { type: 'serviceUpgrade', isNullable: true },
};

const linkFields: Fields = {
  assignServiceIpAddress: { type: 'boolean', writable: 'create', default: false },
  retainIp: { type: 'boolean', writable: 'always', isNullable: true },
  selectorLink: { type: 'string', writable: 'always', isNullable: true, maxLength: 4096 },
};

const scaledFields: Fields = {
  currentScale: { type: 'int' },
  lbConfig: { type: 'lbTargetConfig', writable: 'always', isNullable: true },
  publicEndpoints: { type: 'array[publicEndpoint]', writable: 'always', isNullable: true },
  scale: { type: 'int', writable: 'always', min: 0, default: 1 },
  scalePolicy: { type: 'scalePolicy', writable: 'always', isNullable: true },
  selectorContainer: { type: 'string', writable: 'always', isNullable: true, maxLength: 4096 },
  vip: { type: 'string', writable: 'create', isNullable: true, maxLength: 255 },
};

const columns = [
  'accountId',
  'createIndex',
  'created',
  'description',
  'externalId',
  'healthState',
  'id',
  'kind',
  'name',
  'removeTime',
  'removed',
  'selectorContainer',
  'selectorLink',
  'skip',
  'stackId',
  'state',
  'system',
  'uuid',
  'vip',
];
const links = [
  'account',
  'consumedbyservices',
  'consumedservices',
  'instances',
  'networkDrivers',
  'serviceExposeMaps',
  'serviceLogs',
  'stack',
  'storageDrivers',
];
const linkActions = ['removeservicelink', 'addservicelink', 'setservicelinks'];

/** The actions in the answers of services, by state (recordings b_service_active, b_service_inactive, b_deactivate, c_upgrade_*, …). */
const offered: Readonly<Record<string, readonly string[]>> = {
  active: ['upgrade', 'restart', 'update', 'remove', 'deactivate', ...linkActions],
  'updating-active': ['upgrade', 'update', 'remove', 'deactivate', ...linkActions],
  activating: ['upgrade', 'update', 'remove', 'deactivate', ...linkActions],
  inactive: ['upgrade', 'update', 'remove', 'activate', ...linkActions],
  'updating-inactive': ['remove', 'deactivate', ...linkActions],
  deactivating: ['remove', ...linkActions],
  registering: ['remove', ...linkActions],
  upgrading: ['cancelupgrade', 'rollback', 'update', 'remove', ...linkActions],
  upgraded: ['finishupgrade', 'rollback', 'remove', ...linkActions],
  'finishing-upgrade': ['cancelupgrade', 'update', 'remove', ...linkActions],
  'canceling-upgrade': ['update', 'remove', ...linkActions],
  'canceled-upgrade': ['continueupgrade', 'rollback', 'remove', ...linkActions],
  'rolling-back': ['update', 'remove', ...linkActions],
};

/** A PUT with one of these starts a transition, whatever the value (recordings b_scale_same_value, b_put_unknown_field). */
const rescaling = ['scale', 'scalePolicy'];

function service(
  kind: Pick<ResourceType, 'id' | 'plural' | 'fields'> & { readonly links?: readonly string[] },
): ResourceType {
  return {
    ...kind,
    baseType: 'service',
    idPrefix: '1s',
    firstNumber: 5,
    columns,
    links: [...links, ...(kind.links ?? [])],
    overlapConflictShare: 1,
    frozenStates: ['removing', 'removed', 'error'],
    methods: writableByMembers,
    knownActions: [
      'activate',
      'cancelupgrade',
      'continueupgrade',
      'create',
      'deactivate',
      'finishupgrade',
      'remove',
      'restart',
      'rollback',
      'update',
      'upgrade',
      ...linkActions,
    ],
    offers: (row) => offered[row.state] ?? linkActions,
    actions: {
      activate: { status: 202, run: (cattle, row) => activate(cattle, row as ServiceRow) },
      deactivate: { status: 202, run: (cattle, row) => deactivate(cattle, row as ServiceRow) },
      remove: { status: 202, run: (cattle, row) => removeFromStack(cattle, row as ServiceRow) },
      upgrade: { status: 202, run: (cattle, row, body) => upgrade(cattle, row as ServiceRow, body) },
      finishupgrade: { status: 202, run: (cattle, row) => finishUpgrade(cattle, row as ServiceRow) },
      cancelupgrade: { status: 202, run: (cattle, row) => cancelUpgrade(cattle, row as ServiceRow) },
      continueupgrade: { status: 202, run: (cattle, row) => continueUpgrade(cattle, row as ServiceRow) },
      rollback: { status: 202, run: (cattle, row) => rollback(cattle, row as ServiceRow) },
    },
    create: (cattle, values, accountId) => create(cattle, { kind: kind.id, values, accountId }),
    update: (cattle, row, values) => {
      Object.assign(row, values);
      if (rescaling.some((field) => field in values)) rescale(cattle, row as ServiceRow);
      cattle.changed(row);
    },
    remove: (cattle, row) => removeFromStack(cattle, row as ServiceRow),
    follow: {
      instances: (cattle, row) => ({
        listOf: 'instance',
        rows: ((row as ServiceRow).instanceIds ?? []).flatMap((id) => cattle.table('instance').find(id) ?? []),
      }),
      stack: (cattle, row) => ({ one: cattle.table('stack').find((row as ServiceRow).stackId) }),
    },
  };
}

/** All kinds; they share one table, so each is also found on the `services` path (README, "Services"). */
export const serviceTypes: readonly ResourceType[] = [
  service({
    id: 'service',
    plural: 'services',
    fields: { ...sharedFields, ...linkFields, ...scaledFields, createIndex: { type: 'int', isNullable: true } },
    links: ['containerStats'],
  }),
  service({
    id: 'loadBalancerService',
    plural: 'loadBalancerServices',
    fields: { ...sharedFields, ...linkFields, ...scaledFields },
    links: ['containerStats'],
  }),
  service({
    id: 'externalService',
    plural: 'externalServices',
    fields: {
      ...sharedFields,
      externalIpAddresses: { type: 'array[string]', writable: 'always', isNullable: true },
      healthCheck: { type: 'instanceHealthCheck', writable: 'always', isNullable: true },
      hostname: { type: 'string', writable: 'always', isNullable: true },
    },
  }),
  service({ id: 'dnsService', plural: 'dnsServices', fields: { ...sharedFields, ...linkFields } }),
  service({
    id: 'networkDriverService',
    plural: 'networkDriverServices',
    fields: {
      ...sharedFields,
      ...linkFields,
      ...scaledFields,
      createIndex: { type: 'int', isNullable: true },
      networkDriver: { type: 'networkDriver', writable: 'always', isNullable: true },
    },
  }),
];

function create(
  cattle: Cattle,
  { kind, values, accountId }: { readonly kind: string; readonly values: Body; readonly accountId: string },
): ServiceRow {
  const stack = cattle.table<StackRow>('stack').find(String(values['stackId']));
  if (stack === undefined || stack.accountId !== accountId) throw unprocessable('InvalidReference', 'stackId');
  const name = String(values['name']);
  const sidekicks = filledSidekicks(values['secondaryLaunchConfigs']);
  refuseTakenNames(cattle, stack, [name, ...(sidekicks ?? []).map((config) => String(config['name']))]);

  const row = cattle.table<ServiceRow>('service').add({
    system: false,
    ...values,
    accountId,
    type: kind,
    kind,
    name,
    state: 'registering',
    stackId: stack.id,
    scale: (values['scale'] as number | undefined) ?? 1,
    currentScale: null,
    launchConfig: filledLaunchConfig(values['launchConfig']),
    secondaryLaunchConfigs: sidekicks,
    instanceIds: null,
    healthState: 'healthy',
    createIndex: null,
    units: [],
    retired: [],
    round: 0,
  });
  stack.serviceIds = [...(stack.serviceIds ?? []), row.id];
  cattle.changed(stack);
  register(cattle, row);
  return row;
}

/** Names are unique in a stack, sidekicks' names included (recording c_create_sidekick_name_taken). */
function refuseTakenNames(cattle: Cattle, stack: StackRow, names: readonly string[]): void {
  const services = cattle.table<ServiceRow>('service');
  for (const id of stack.serviceIds ?? []) {
    const other = services.find(id);
    if (other === undefined) continue;
    const taken = [other.name, ...(other.secondaryLaunchConfigs ?? []).map((config) => config['name'])];
    if (names.some((name) => taken.includes(name))) throw unprocessable('NotUnique', 'name');
  }
}

function removeFromStack(cattle: Cattle, row: ServiceRow): void {
  if (row.state === 'removing' || row.state === 'removed') return;
  remove(cattle, row, () => {
    const stack = cattle.table<StackRow>('stack').find(row.stackId);
    if (stack === undefined) return;
    const left = (stack.serviceIds ?? []).filter((id) => id !== row.id);
    stack.serviceIds = left.length === 0 ? null : left;
    cattle.changed(stack);
  });
}
