import type { Role } from '../accounts.ts';
import { refused } from '../errors.ts';
import { ownFields } from '../fields.ts';
import type { Fields } from '../fields.ts';
import { configName, driverNames } from '../machines/machine-drivers.ts';
import { createMachine, fail } from '../machines/machine-life.ts';
import { readOnly, writableByMembers } from '../resource-type.ts';
import type { Cattle, ResourceType } from '../resource-type.ts';
import { recover, vacate } from '../services/recovery.ts';
import type { Row } from '../store.ts';
import type { HostRow } from '../rows.ts';

/** Recorded durations in milliseconds (e_activate, e_deactivate, e_evacuate, e_delete_inactive, e_purge, e_put_labels). */
const recorded = {
  activating: 55,
  deactivating: 75,
  evacuating: 30,
  containersGone: 150,
  removing: 55,
  purging: 15,
  updating: 10,
} as const;

/** By state, with `delete` that is offered and answers 404 (recordings e_activate, e_delete_inactive, e_delete_active_delete_action). */
const active = ['upgrade', 'evacuate', 'dockersocket', 'update', 'delete', 'deactivate'];
const offered: Readonly<Record<string, readonly string[]>> = {
  active,
  // Not recorded. A host whose agent is away is active to Rancher, which shows the agent's state in its place (facts §4.4).
  disconnected: active,
  disconnecting: active,
  reconnecting: active,
  inactive: ['upgrade', 'evacuate', 'provision', 'dockersocket', 'activate', 'update', 'delete', 'remove'],
  activating: ['upgrade', 'dockersocket', 'delete', 'remove', 'deactivate'],
  deactivating: ['upgrade', 'dockersocket', 'delete', 'remove'],
  removing: ['upgrade', 'delete'],
  removed: ['upgrade', 'delete', 'purge'],
  registering: ['upgrade', 'activate', 'deactivate', 'delete', 'remove'],
  provisioning: ['upgrade', 'error', 'delete', 'remove'],
  erroring: ['upgrade', 'delete', 'remove'],
  error: ['upgrade', 'delete', 'remove'],
};

const list = { type: 'array[string]', writable: 'create', isNullable: true } as const;
const map = { type: 'map[string]', writable: 'create', isNullable: true } as const;
const string = { type: 'string', writable: 'create', isNullable: true } as const;

/** What the machine service adds to hosts (recording f_schemas_host_project_key). */
const machineFields: Fields = {
  ...Object.fromEntries(
    driverNames.map((driver) => [
      configName(driver),
      { type: configName(driver), writable: 'create', isNullable: true } as const,
    ]),
  ),
  authCertificateAuthority: string,
  authKey: string,
  dockerVersion: string,
  driver: { type: 'string', isNullable: true },
  engineEnv: map,
  engineInsecureRegistry: list,
  engineInstallUrl: string,
  engineLabel: map,
  engineOpt: map,
  engineRegistryMirror: list,
  engineStorageDriver: string,
};

/**
 * An agent sees neither driver nor engine options, but a config that is there in clear; restricted and read-only members
 * see no config (recordings f_host_get_as_*). Simulated custom hosts were recorded without a machine service.
 */
function hides(field: string, role: Role, row?: Row): boolean {
  if (!(field in machineFields)) return false;
  if (row?.kind === 'sim') return true;
  const isConfig = field.endsWith('Config');
  if (role === 'environment') return !isConfig || (row?.[field] ?? null) === null;
  return isConfig && (role === 'restricted' || role === 'readonly');
}

/** Custom hosts that come and go, and machines that a driver makes. */
export const hostType: ResourceType = {
  id: 'host',
  plural: 'hosts',
  baseType: 'host',
  idPrefix: '1h',
  firstNumber: 1,
  fields: {
    ...ownFields,
    ...machineFields,
    name: { type: 'string', writable: 'always', isNullable: true },
    agentIpAddress: { type: 'string', isNullable: true },
    agentState: { type: 'string', isNullable: true, maxLength: 128 },
    computeTotal: { type: 'int', isNullable: true },
    hostTemplateId: { type: 'reference[hostTemplate]', writable: 'create', isNullable: true },
    hostname: { type: 'string', writable: 'create', isNullable: true },
    info: { type: 'map[json]', isNullable: true },
    instanceIds: { type: 'array[reference[instance]]', isNullable: true },
    labels: { type: 'map[string]', writable: 'always', isNullable: true },
    localStorageMb: { type: 'int', writable: 'always', isNullable: true },
    memory: { type: 'int', writable: 'always', isNullable: true },
    milliCpu: { type: 'int', writable: 'always', isNullable: true },
    physicalHostId: { type: 'reference[physicalHost]', isNullable: true },
    publicEndpoints: { type: 'array[publicEndpoint]', isNullable: true },
    stackId: { type: 'reference[stack]', writable: 'create', isNullable: true },
  },
  columns: [
    'accountId',
    'agentState',
    'computeFree',
    'computeTotal',
    'created',
    'description',
    'hostTemplateId',
    'id',
    'isPublic',
    'kind',
    'localStorageMb',
    'memory',
    'milliCpu',
    'name',
    'physicalHostId',
    'removeAfter',
    'removeTime',
    'removed',
    'stackId',
    'state',
    'uri',
    'uuid',
  ],
  links: [
    'account',
    'clusters',
    'containerEvents',
    'healthcheckInstanceHostMaps',
    'hostLabels',
    'hosts',
    'instances',
    'ipAddresses',
    'physicalHost',
    'serviceEvents',
    'storagePools',
    'volumes',
  ],
  overlapConflictShare: 1,
  frozenStates: ['removing', 'removed', 'purging', 'purged', 'error'],
  // Neither an agent's key nor a restricted member may make hosts (recordings f_host_create_as_environment_agent_key, …_restricted).
  methods: (role) => {
    // A restricted member is offered nothing on a host; he evacuates by an event (recordings f_host_get_as_restricted, e_event_evacuate_restricted).
    if (role === 'restricted') return readOnly;
    const { collection, resource } = writableByMembers(role);
    return { collection: role === 'environment' ? readOnly.collection : collection, resource };
  },
  knownActions: [
    'activate',
    'create',
    'deactivate',
    'delete',
    'dockersocket',
    'error',
    'evacuate',
    'provision',
    'purge',
    'remove',
    'update',
    'upgrade',
  ],
  offers: (row) => offered[row.state] ?? ['upgrade', 'delete'],
  actions: {
    activate: { status: 202, run: (cattle, row) => activate(cattle, row as HostRow) },
    deactivate: {
      status: 202,
      run: (cattle, row) => pass(cattle, row, ['deactivating', recorded.deactivating, 'inactive']),
    },
    error: { status: 202, run: (cattle, row) => fail(cattle, row as HostRow, 'provisioning canceled') },
    evacuate: { status: 200, run: (cattle, row) => evacuate(cattle, row as HostRow) },
    delete: {
      status: 202,
      run: () => {
        throw refused(404);
      },
    },
    remove: { status: 202, run: (cattle, row) => remove(cattle, row as HostRow) },
    purge: { status: 202, run: (cattle, row) => pass(cattle, row, ['purging', recorded.purging, 'purged']) },
  },
  hides,
  create: createMachine,
  update: (cattle, row, values) => {
    Object.assign(row, values);
    if ('labels' in values && row.state === 'active')
      pass(cattle, row, ['updating-active', recorded.updating, 'active']);
    cattle.changed(row);
  },
  remove: (cattle, row) => {
    if (!(offered[row.state] ?? []).includes('remove')) throw refused(405);
    remove(cattle, row as HostRow);
  },
  follow: {
    instances: (cattle, row) => ({
      listOf: 'instance',
      rows: (row as HostRow).containers.flatMap((id) => cattle.table('instance').find(id) ?? []),
    }),
  },
};

/** Places an active simulated host, as the recordings' hosts were (recording e_host_active). */
export function placeHost(
  cattle: Cattle,
  {
    accountId,
    name,
    labels,
  }: { readonly accountId: string; readonly name: string; readonly labels: Readonly<Record<string, string>> },
): HostRow {
  const row = cattle.table<HostRow>('host').add({
    accountId,
    type: 'host',
    kind: 'sim',
    name,
    state: 'active',
    labels,
    instanceIds: null,
    containers: [],
    agentState: null,
    computeTotal: 1_000_000,
  });
  cattle.changed(row);
  recover(cattle, accountId);
  return row;
}

type Passage = readonly [meanwhile: string, tookMs: number, afterwards: string];

function pass(
  cattle: Cattle,
  row: Row,
  [meanwhile, tookMs, afterwards]: Passage,
  done: () => void = () => undefined,
): void {
  row.state = meanwhile;
  row.transitioning = 'yes';
  row.transitioningMessage = 'In Progress';
  cattle.changed(row);
  cattle.timeline.after(tookMs, () => {
    if (row.state !== meanwhile) return;
    row.state = afterwards;
    row.transitioning = 'no';
    row.transitioningMessage = null;
    done();
    cattle.changed(row);
  });
}

function activate(cattle: Cattle, host: HostRow): void {
  pass(cattle, host, ['activating', recorded.activating, 'active'], () => recover(cattle, host.accountId));
}

/** Answers with the state unchanged; inactive at once after, containers gone a moment later (recording e_evacuate). */
function evacuate(cattle: Cattle, host: HostRow): void {
  cattle.timeline.after(recorded.evacuating, () => {
    if (host.state === 'active') host.state = 'inactive';
    cattle.changed(host);
    cattle.timeline.after(recorded.containersGone, () => vacate(cattle, host));
  });
}

function remove(cattle: Cattle, host: HostRow): void {
  pass(cattle, host, ['removing', recorded.removing, 'removed'], () => {
    host.removedTS = Date.now();
    host.agentState = 'removing';
    cattle.table('host').retire(host);
    vacate(cattle, host);
  });
}
