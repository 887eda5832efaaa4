import { randomUUID } from 'node:crypto';
import type { Cattle } from '../resource-type.ts';
import { labelsOf } from './service-row.ts';
import type { ServiceRow } from './service-row.ts';
import type { HostRow, InstanceRow } from '../rows.ts';

/** Starts one deployment unit: the primary container and a container for each sidekick, on one host. */
export function addUnit(cattle: Cattle, service: ServiceRow, host: HostRow | undefined): void {
  const stackName = cattle.table('stack').find(service.stackId)?.name ?? 'default';
  const index = (service.createIndex ?? 0) + 1;
  const unitUuid = randomUUID();
  const parts = [service.launchConfig, ...(service.secondaryLaunchConfigs ?? [])];
  const containers = parts.map((config, part) => {
    const name = part === 0 ? String(service.name) : `${String(service.name)}-${String(config['name'])}`;
    return cattle.table<InstanceRow>('instance').add({
      accountId: service.accountId,
      type: 'container',
      kind: 'container',
      name: `${stackName}-${name}-${String(index)}`,
      state: host === undefined ? 'error' : 'running',
      description: null,
      imageUuid: config['imageUuid'] ?? null,
      labels: {
        ...labelsOf(service),
        'io.rancher.service.deployment.unit': unitUuid,
        'io.rancher.stack_service.name': `${stackName}/${String(service.name)}`,
        'io.rancher.stack.name': stackName,
      },
      createIndex: index,
      deploymentUnitUuid: unitUuid,
      hostId: host?.id ?? null,
      serviceIds: [service.id],
    });
  });
  service.createIndex = index;
  service.units.push(containers.map((container) => container.id));
  if (host !== undefined) hold(host, [...host.containers, ...containers.map((container) => container.id)]);
  for (const container of containers) cattle.changed(container);
  if (host !== undefined) cattle.changed(host);
  showUnits(service);
}

/** Removes one deployment unit with its containers. */
export function removeUnit(cattle: Cattle, service: ServiceRow, unit: readonly string[]): void {
  const instances = cattle.table<InstanceRow>('instance');
  service.units = service.units.filter((kept) => kept !== unit);
  for (const id of unit) {
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
  service.instanceIds = service.units.length === 0 ? null : service.units.flat();
}
