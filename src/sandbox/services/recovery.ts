import type { Cattle } from '../resource-type.ts';
import { placement } from './placement.ts';
import { settle } from './scaling.ts';
import type { ServiceRow } from './service-row.ts';
import { removeUnit } from './units.ts';
import type { HostRow, InstanceRow } from '../rows.ts';

/** Takes all containers off a host; their services recover on other hosts (recordings e_evacuate, e_event_evacuate_delete_sequence). */
export function vacate(cattle: Cattle, host: HostRow): void {
  const instances = cattle.table<InstanceRow>('instance');
  const gone = new Set(host.containers);
  const serviceIds = new Set([...gone].flatMap((id) => instances.find(id)?.serviceIds ?? []));
  for (const id of serviceIds) {
    const service = cattle.table<ServiceRow>('service').find(id);
    for (const unit of service?.units ?? []) {
      if (service !== undefined && unit.some((container) => gone.has(container))) removeUnit(cattle, service, unit);
    }
  }
  recover(cattle, host.accountId);
}

/** Starts what is missing, after a host went or came. Without an active host a service just stays `active` and unhealthy (recording e_service_when_no_host_is_active). */
export function recover(cattle: Cattle, accountId: string): void {
  for (const service of cattle.table<ServiceRow>('service').list(accountId)) {
    if (service.state !== 'active') continue;
    const { wanted, hosts } = placement(cattle, service);
    if (wanted === service.units.length) continue;
    service.healthState = hosts.length === 0 ? 'unhealthy' : 'degraded';
    if (hosts.length > 0) {
      service.state = 'updating-active';
      service.transitioning = 'yes';
      service.transitioningMessage = 'In Progress';
      settle(cattle, service);
    }
    cattle.changed(service);
  }
}
