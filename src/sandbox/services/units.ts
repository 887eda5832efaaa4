import { randomUUID } from 'node:crypto';
import type { Cattle } from '../resource-type.ts';
import { labelsIn } from './service-row.ts';
import type { ServiceRow } from './service-row.ts';
import type { Body } from '../body.ts';
import { asText } from '../text.ts';
import type { HostRow, InstanceRow } from '../rows.ts';

/** Starts one deployment unit: the primary container and a container for each sidekick, on one host. */
export function addUnit(cattle: Cattle, service: ServiceRow, host: HostRow | undefined): void {
  const index = (service.createIndex ?? 0) + 1;
  const unitUuid = randomUUID();
  service.createIndex = index;
  service.units.push(
    partsOf(service).map((part) => startContainer(cattle, service, { ...part, host, index, unitUuid }).id),
  );
  if (host !== undefined) cattle.changed(host);
  showUnits(service);
}

interface Part {
  /** Absent for the primary one. */
  readonly sidekick: string | undefined;
  readonly config: Body;
}

function partsOf(service: ServiceRow): readonly Part[] {
  const sidekicks = (service.secondaryLaunchConfigs ?? []).map((config) => ({
    sidekick: String(config['name']),
    config,
  }));
  return [{ sidekick: undefined, config: service.launchConfig }, ...sidekicks];
}

function startContainer(
  cattle: Cattle,
  service: ServiceRow,
  {
    sidekick,
    config,
    host,
    index,
    unitUuid,
  }: Part & { readonly host: HostRow | undefined; readonly index: number; readonly unitUuid: string },
): InstanceRow {
  const stackName = cattle.table('stack').find(service.stackId)?.name ?? 'default';
  const instances = cattle.table<InstanceRow>('instance');
  const name = String(service.name);
  const container = instances.add({
    accountId: service.accountId,
    type: 'container',
    kind: 'container',
    name: `${stackName}-${sidekick === undefined ? name : `${name}-${sidekick}`}-${String(index)}`,
    state: host === undefined ? 'error' : 'running',
    description: null,
    imageUuid: config['imageUuid'] ?? null,
    version: config['version'] ?? null,
    labels: {
      ...labelsIn(config),
      'io.rancher.service.deployment.unit': unitUuid,
      'io.rancher.service.launch.config': sidekick ?? 'io.rancher.service.primary.launch.config',
      'io.rancher.stack_service.name': `${stackName}/${name}${sidekick === undefined ? '' : `/${sidekick}`}`,
      'io.rancher.stack.name': stackName,
    },
    createIndex: index,
    deploymentUnitUuid: unitUuid,
    hostId: host?.id ?? null,
    primaryIpAddress: null,
    sidekick,
    serviceIds: [service.id],
  });
  if (host !== undefined) {
    container.primaryIpAddress = addressOf(service, config, container.id);
    hold(host, [...host.containers, container.id]);
  }
  cattle.changed(container);
  return container;
}

/** On Rancher's managed network a container has an address of its own; without it none is shown (recording b_service_instances). */
function addressOf(service: ServiceRow, config: Body, id: string): string | null {
  if (config['networkMode'] !== 'managed') return null;
  const number = Number(id.replace(/^\D*\d?i/, ''));
  return asText(service['instanceAddress'] ?? `10.42.${String((number >> 8) % 256)}.${String(number % 256)}`);
}

/**
 * Replaces the containers of a unit whose launch config has another version by now; the old ones are kept, stopped.
 * Answers whether any was (or, when only looking, would be) replaced.
 */
export function renewUnit(cattle: Cattle, service: ServiceRow, unit: readonly string[], how?: 'look-only'): boolean {
  const instances = cattle.table<InstanceRow>('instance');
  const running = unit.flatMap((id) => instances.find(id) ?? []);
  const outdated = partsOf(service).filter(({ sidekick, config }) => {
    const container = running.find((each) => each.sidekick === sidekick);
    return container?.version !== (config['version'] ?? null);
  });
  const [sibling] = running;
  if (how === 'look-only' || outdated.length === 0 || sibling === undefined) return outdated.length > 0;
  const host = sibling.hostId === null ? undefined : cattle.table<HostRow>('host').find(sibling.hostId);
  const kept = new Set(unit);
  for (const part of outdated) {
    const old = running.find(({ sidekick }) => sidekick === part.sidekick);
    if (old !== undefined) {
      old.state = 'stopped';
      kept.delete(old.id);
      service.retired = [...service.retired, old.id];
      cattle.changed(old);
    }
    const index = Number(sibling['createIndex'] ?? 1);
    const unitUuid = String(sibling['deploymentUnitUuid']);
    kept.add(startContainer(cattle, service, { ...part, host, index, unitUuid }).id);
  }
  service.units = service.units.map((each) => (each === unit ? [...kept] : each));
  if (host !== undefined) cattle.changed(host);
  showUnits(service);
  return true;
}

/** Puts a unit's stopped containers back in the place of those that replaced them. */
export function restoreUnit(cattle: Cattle, service: ServiceRow, unit: readonly string[]): void {
  const instances = cattle.table<InstanceRow>('instance');
  const running = unit.flatMap((id) => instances.find(id) ?? []);
  const unitUuid = running[0]?.['deploymentUnitUuid'];
  const old = service.retired
    .flatMap((id) => instances.find(id) ?? [])
    .filter((container) => container['deploymentUnitUuid'] === unitUuid);
  const names = new Set(partsOf(service).map(({ sidekick }) => sidekick));
  const replacing = running.filter(
    ({ sidekick }) => !names.has(sidekick) || old.some((container) => container.sidekick === sidekick),
  );
  discard(
    cattle,
    service,
    replacing.map(({ id }) => id),
  );
  service.retired = service.retired.filter((id) => !old.some((container) => container.id === id));
  for (const container of old) {
    container.state = 'running';
    cattle.changed(container);
  }
  const back = [...running.filter((container) => !replacing.includes(container)), ...old].map(({ id }) => id);
  service.units = service.units.map((each) => (each === unit ? back : each));
  showUnits(service);
}

/** Removes one deployment unit with its containers. */
export function removeUnit(cattle: Cattle, service: ServiceRow, unit: readonly string[]): void {
  service.units = service.units.filter((kept) => kept !== unit);
  discard(cattle, service, unit);
}

/** Removes containers for good, whichever unit they are of. */
export function discard(cattle: Cattle, service: ServiceRow, containers: readonly string[]): void {
  const instances = cattle.table<InstanceRow>('instance');
  service.retired = service.retired.filter((id) => !containers.includes(id));
  for (const id of containers) {
    const container = instances.find(id);
    if (container === undefined) continue;
    const host = container.hostId === null ? undefined : cattle.table<HostRow>('host').find(container.hostId);
    if (host !== undefined) {
      hold(
        host,
        host.containers.filter((held) => held !== id),
      );
      cattle.changed(host);
    }
    container.state = 'removed';
    container.removedTS = Date.now();
    instances.retire(container);
    cattle.changed(container);
  }
  showUnits(service);
}

/** Starts or stops the containers that found a host, with their service. */
export function switchUnits(cattle: Cattle, service: ServiceRow, state: 'running' | 'stopped'): void {
  for (const id of service.units.flat()) {
    const container = cattle.table<InstanceRow>('instance').find(id);
    if (container === undefined || container.hostId === null) continue;
    container.state = state;
    cattle.changed(container);
  }
}

/** Whether the unit's containers found a host. */
export function isPlaced(cattle: Cattle, unit: readonly string[]): boolean {
  return unit.every((id) => (cattle.table<InstanceRow>('instance').find(id)?.hostId ?? null) !== null);
}

function hold(host: HostRow, containers: readonly string[]): void {
  host.containers = containers;
  host.instanceIds = containers.length === 0 ? null : containers;
}

/** A service without containers shows `instanceIds: null`, not an empty list (recording b_scale_to_0_sequence). */
function showUnits(service: ServiceRow): void {
  const containers = [...service.retired, ...service.units.flat()];
  service.instanceIds = containers.length === 0 ? null : containers;
}
