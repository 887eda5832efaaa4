import { Accounts } from './accounts.ts';
import type { ApiKey, Role } from './accounts.ts';
import { Api } from './api.ts';
import type { Body } from './body.ts';
import { CallLog } from './call-log.ts';
import { ChangeFeed } from './change-feed.ts';
import { Contention } from './contention.ts';
import { FaultRules } from './faults.ts';
import type { Faults } from './faults.ts';
import { Furnisher } from './furnisher.ts';
import type { PlacedGenericObject, PlacedHost, PlacedService } from './furnisher.ts';
import { placeMachine } from './machines/machine-life.ts';
import type { PlacedMachine } from './machines/machine-life.ts';
import { MachineRules } from './machines/machine-rules.ts';
import type { Machines } from './machines/machine-rules.ts';
import { resourceTypes } from './resource-types.ts';
import type { Cattle } from './resource-type.ts';
import { SandboxServer } from './server.ts';
import type { Latency } from './server.ts';
import { Table } from './store.ts';
import type { Row } from './store.ts';
import { Timeline } from './timeline.ts';
import { placeHostTemplate } from './types/host-templates.ts';
import type { PlacedHostTemplate } from './types/host-templates.ts';
import { placeMachineDrivers } from './types/machine-drivers.ts';
import { view } from './view.ts';

export interface SandboxOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** @default 0, any free port */
  readonly port?: number;
  /** Milliseconds a read takes, as measured on a real Rancher (recording h_timing). @default 1.3 */
  readonly readLatencyMs?: number;
  /** @default 6.5 */
  readonly writeLatencyMs?: number;
  /** With `off` a wrong or missing key is the anonymous admin, as in Rancher. @default 'on' */
  readonly accessControl?: 'on' | 'off';
  /** How much faster than recorded transitions, batches and pings run. @default 1 */
  readonly speed?: number;
  /** Milliseconds of recorded time that a machine takes to become active. @default 3000 */
  readonly machineReadyMs?: number;
  /** Share of PUTs answered 409 without effect; 0.005 to 0.03 were measured. @default 0 */
  readonly conflictRate?: number;
  /** How many calls the call log keeps. @default 10000 */
  readonly callLogLimit?: number;
}

interface ProjectKeys {
  readonly project: ApiKey;
  /** What Rancher gives a container with the label `io.rancher.container.agent.role: environment`. */
  readonly environment: ApiKey;
  readonly owner: ApiKey;
  readonly member: ApiKey;
  readonly restricted: ApiKey;
  readonly readonly: ApiKey;
}

interface SandboxProject {
  readonly projectId: string;
  readonly keys: ProjectKeys;
}

/** A running in-process Rancher 1.6. */
export interface Sandbox {
  /** `http://<host>:<port>`, without an API version. */
  readonly url: string;
  readonly port: number;
  /** Project `1a5`, whose project key is `sandbox` / `sandbox-secret`; it has one active host. */
  readonly project: SandboxProject;
  /** Project `1a7`, to see that projects are kept apart. */
  readonly otherProject: SandboxProject;
  readonly adminKey: ApiKey;
  readonly faults: Faults;
  /** How long machines take, and which of them fail. */
  readonly machines: Machines;
  readonly calls: Pick<CallLog, 'list' | 'count' | 'mostAtOnce' | 'clear'>;
  readonly latency: Latency;
  addProject(name: string): SandboxProject;
  addKey(options: { readonly role: Role; readonly projectId: string }): ApiKey;
  /** Places a settled service; its stack is made when none is named. Returns its id. */
  addService(service: PlacedService): string;
  addHost(host: PlacedHost): string;
  /** Places a host that a machine driver made. Returns its id. */
  addMachine(machine: PlacedMachine): string;
  addHostTemplate(template: PlacedHostTemplate): string;
  /** Places an active generic object without a call. Returns its id. */
  addGenericObject(object: PlacedGenericObject): string;
  /** A resource as the API would show it to an admin; undefined when it never existed. */
  inspect(id: string): Body | undefined;
  /** Breaks the change streams off; callers may connect again at once. */
  dropChangeStreams(): void;
  close(): Promise<void>;
}

const memberRoles = ['owner', 'member', 'restricted', 'readonly'] as const;

/** Starts a sandbox on a loopback port. @throws when the port is taken */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  const timeline = new Timeline(options.speed ?? 1);
  const accounts = new Accounts(options.accessControl ?? 'on');
  const feed = new ChangeFeed(timeline, accounts);
  const machines = new MachineRules(options.machineReadyMs ?? 3_000);
  const cattle = makeCattle({ accounts, timeline, machines, changed: (row) => feed.changed(row) });
  placeMachineDrivers(cattle);
  const rules = new FaultRules();
  const calls = new CallLog(options.callLogLimit ?? 10_000);
  const latency: Latency = { readMs: options.readLatencyMs ?? 1.3, writeMs: options.writeLatencyMs ?? 6.5 };
  const api = new Api(cattle, new Contention(options.conflictRate ?? 0));
  const server = new SandboxServer({ api, feed, faults: rules, calls, latency });
  const furnisher = new Furnisher(cattle);

  let nextUserNumber = 1_001;
  const addKey = (role: Role, projectId: string): ApiKey => {
    const isProjects = role === 'project' || role === 'environment';
    const name = isProjects ? furnisher.projectName(projectId) : `sandbox-${role}`;
    return accounts.issue({
      role,
      projectId,
      accountId: isProjects ? projectId : `1a${String(nextUserNumber++)}`,
      name,
    });
  };
  const addProject = (name: string, number?: number): SandboxProject => {
    const projectId = furnisher.addProject(name, number);
    const [owner, member, restricted, readonly] = memberRoles.map((role) => addKey(role, projectId)) as [
      ApiKey,
      ApiKey,
      ApiKey,
      ApiKey,
    ];
    return {
      projectId,
      keys: {
        project: addKey('project', projectId),
        environment: addKey('environment', projectId),
        owner,
        member,
        restricted,
        readonly,
      },
    };
  };

  const first = addProject('Default', 5);
  const firstKey = accounts.issue({
    role: 'project',
    projectId: first.projectId,
    accountId: first.projectId,
    name: 'Default',
    key: { accessKey: 'sandbox', secretKey: 'sandbox-secret' },
  });
  const otherProject = addProject('Other', 7);
  const adminKey = accounts.issue({ role: 'admin', accountId: '1a1', name: 'admin' });
  for (const { projectId } of [first, otherProject]) furnisher.addHost({ projectId });

  const port = await server.listen(host, options.port ?? 0);
  return {
    url: `http://${host}:${String(port)}`,
    port,
    project: { projectId: first.projectId, keys: { ...first.keys, project: firstKey } },
    otherProject,
    adminKey,
    faults: {
      add: (rule) => rules.add(rule),
      clear: () => rules.clear(),
      goAway: () => server.stop(),
      comeBack: async () => {
        await server.listen(host, port);
      },
    },
    calls,
    latency,
    machines,
    addProject: (name) => addProject(name),
    addKey: ({ role, projectId }) => addKey(role, projectId),
    addService: (service) => furnisher.addService(service),
    addHost: (placed) => furnisher.addHost(placed),
    addMachine: (machine) => placeMachine(cattle, machine).id,
    addHostTemplate: (template) => placeHostTemplate(cattle, template).id,
    addGenericObject: (object) => furnisher.addGenericObject(object),
    inspect: (id) => {
      const prefix = id.replace(/\d+$/, '');
      const type = resourceTypes.find(({ idPrefix }) => idPrefix === prefix);
      const row = type === undefined ? undefined : cattle.table(type.baseType).find(id);
      return row === undefined
        ? undefined
        : view(row, { base: `http://${host}:${String(port)}/v2-beta/projects/${row.accountId}`, role: 'admin' });
    },
    dropChangeStreams: () => feed.drop(),
    close: async () => {
      timeline.stop();
      await server.stop();
    },
  };
}

function makeCattle(parts: Pick<Cattle, 'accounts' | 'timeline' | 'machines' | 'changed'>): Cattle {
  const tables = new Map<string, Table>();
  for (const { baseType, idPrefix, firstNumber } of resourceTypes) {
    if (!tables.has(baseType)) tables.set(baseType, new Table(baseType, idPrefix, firstNumber));
  }
  return {
    ...parts,
    table: <T extends Row>(baseType: string) => {
      const table = tables.get(baseType);
      if (table === undefined) throw new Error(`no resource type has the base type "${baseType}"`);
      return table as unknown as Table<T>;
    },
  };
}
