import { randomUUID } from 'node:crypto';
import { unprocessable } from '../errors.ts';
import type { Body } from '../body.ts';
import type { Cattle } from '../resource-type.ts';
import type { HostRow } from '../rows.ts';
import type { Row } from '../store.ts';
import { recover } from '../services/recovery.ts';
import { acceptConfig, configName, driverNames, isDriverActive } from './machine-drivers.ts';

/** Recorded durations in milliseconds (f_host_create_machine_progress_sequence, f_host_create_states_without_machine_service). */
const recorded = { provisioning: 45, agentMissed: 606_900, erroring: 6_200 } as const;

/** What a host's own agent writes onto it; merged into the labels once it checks in. */
const agentLabels = {
  'io.rancher.host.docker_version': '17.03',
  'io.rancher.host.linux_kernel_version': '4.4',
  'io.rancher.host.os': 'linux',
};

/**
 * Takes a new machine host.
 * @throws ApiError 422 MissingRequired, DriverConfigExactlyOneRequired, InvalidReference (recordings f_host_create_*)
 */
export function createMachine(cattle: Cattle, values: Body, accountId: string): HostRow {
  const hostname = values['hostname'] ?? null;
  if (hostname === null) throw unprocessable('MissingRequired', 'hostname');
  const given = driverNames.filter(
    (driver) => typeof values[configName(driver)] === 'object' && isDriverActive(cattle, driver),
  );
  const templateId = values['hostTemplateId'] ?? null;
  // A removed template still counts (recording f_host_create_from_removed_template), another project's does not.
  const template = typeof templateId === 'string' ? cattle.table('hostTemplate').find(templateId) : undefined;
  if (templateId !== null && template?.accountId !== accountId)
    throw unprocessable('InvalidReference', 'hostTemplateId');
  const [driver] = given;
  if (given.length > 1 || (given.length === 0 && templateId === null))
    throw unprocessable('DriverConfigExactlyOneRequired');

  const config = driver === undefined ? undefined : acceptConfig(driver, values[configName(driver)] as object);
  const row = cattle.table<HostRow>('host').add({
    labels: null,
    ...values,
    ...(driver === undefined ? {} : { [configName(driver)]: { type: configName(driver), ...config } }),
    accountId,
    type: 'host',
    kind: 'host',
    name: (values['name'] as string | undefined) ?? null,
    state: 'registering',
    transitioning: 'yes',
    transitioningMessage: 'In Progress',
    instanceIds: null,
    containers: [],
    agentState: null,
    computeTotal: 1_000_000,
  });
  cattle.timeline.after(recorded.provisioning, () => provision(cattle, row, driver ?? templateDriver(template)));
  return row;
}

function templateDriver(template: Row | undefined): string | null {
  const driver = template?.['driver'];
  return typeof driver === 'string' ? driver : null;
}

/** The machine service takes over: driver and physical host appear, and the config loses its type. */
function provision(cattle: Cattle, host: HostRow, driver: string | null): void {
  if (host.state !== 'registering') return;
  host.state = 'provisioning';
  host['driver'] = driver;
  if (driver !== null) {
    const config = host[configName(driver)] as Body | undefined;
    if (config !== undefined) {
      const { type: _type, ...plain } = config;
      host[configName(driver)] = plain;
    }
  }
  host['physicalHostId'] = addPhysicalHost(cattle, host, driver);
  cattle.changed(host);
  const hostname = String(host['hostname']);
  const fault = cattle.machines.hit(hostname);
  if (fault !== undefined && fault.message === undefined) {
    cattle.timeline.after(recorded.agentMissed, () =>
      fail(cattle, host, `Waiting: agent to check in [host:${host.id}]`),
    );
    return;
  }
  cattle.timeline.after(cattle.machines.readyMs, () => {
    if (fault?.message === undefined) checkIn(cattle, host);
    else turnToError(cattle, host, fault.message);
  });
}

function addPhysicalHost(cattle: Cattle, host: HostRow, driver: string | null): string {
  return cattle.table('physicalHost').add({
    accountId: host.accountId,
    type: 'machine',
    kind: 'machine',
    name: String(host['hostname']),
    state: 'active',
    driver,
    externalId: randomUUID(),
    labels: host.labels,
  }).id;
}

function checkIn(cattle: Cattle, host: HostRow): void {
  if (host.state !== 'provisioning') return;
  host.state = 'active';
  host.transitioning = 'no';
  host.transitioningMessage = null;
  host.agentState = 'active';
  host.labels = { ...host.labels, ...agentLabels };
  cattle.changed(host);
  recover(cattle, host.accountId);
}

/** On its way to `error`, as after the action of that name (recording f_host_error_action). */
export function fail(cattle: Cattle, host: HostRow, message: string): void {
  if (host.state !== 'provisioning') return;
  host.state = 'erroring';
  host.transitioning = 'yes';
  host.transitioningMessage = 'In Progress';
  cattle.changed(host);
  cattle.timeline.after(recorded.erroring, () => turnToError(cattle, host, message));
}

function turnToError(cattle: Cattle, host: HostRow, message: string): void {
  if (host.state !== 'provisioning' && host.state !== 'erroring') return;
  host.state = 'error';
  host.transitioning = 'error';
  host.transitioningMessage = message;
  cattle.changed(host);
}

/** A machine as a test wants it to stand there. */
export interface PlacedMachine {
  readonly projectId: string;
  readonly hostname: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** @default 'aliyunecs' */
  readonly driver?: string;
  /** The driver's config; hosts made from a template have none of their own. */
  readonly config?: object;
  readonly hostTemplateId?: string;
  /** @default 'active' */
  readonly state?: string;
  /** Docker's options and whatever else a host was made with. */
  readonly [field: string]: unknown;
}

/** Places a machine host that was made long ago. */
export function placeMachine(cattle: Cattle, machine: PlacedMachine): HostRow {
  const { projectId, hostname, labels = {}, driver = 'aliyunecs', config, state = 'active', ...fields } = machine;
  const row = cattle.table<HostRow>('host').add({
    ...fields,
    accountId: projectId,
    type: 'host',
    kind: 'host',
    name: null,
    hostname,
    state,
    driver,
    labels: { ...labels, ...agentLabels },
    instanceIds: null,
    containers: [],
    agentState: state === 'active' ? 'active' : null,
    computeTotal: 1_000_000,
    ...(config === undefined && fields.hostTemplateId !== undefined
      ? {}
      : { [configName(driver)]: acceptConfig(driver, config ?? {}) }),
  });
  row['physicalHostId'] = addPhysicalHost(cattle, row, driver);
  cattle.changed(row);
  recover(cattle, projectId);
  return row;
}
