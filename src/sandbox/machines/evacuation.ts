import type { Cattle } from '../resource-type.ts';
import type { HostRow } from '../rows.ts';
import { vacate } from '../services/recovery.ts';

/** Recorded moments in milliseconds after the event (e_event_evacuate_delete_sequence, …_inactive_host_sequence, …_only_sequence). */
const recorded = {
  deactivating: 350,
  inactive: 570,
  containersGone: 2_500,
  removing: 3_020,
  purged: 3_100,
  inactiveRemoving: 36,
  inactivePurged: 110,
  errorPurged: 30,
  onlyInactive: 26,
  onlyContainersGone: 490,
} as const;

/** Hosts being evacuated, and who waits for the end of it: a second event on the same host removes nothing twice. */
const underWay = new WeakMap<HostRow, (() => void)[]>();

/**
 * Carries out `host.evacuate`; `ended` is called when all is done, whatever happened. On a host still being made it waits
 * until that host is active or fails (recording f_host_provisioning_evacuate_delete_event).
 */
export function evacuateByEvent(
  cattle: Cattle,
  host: HostRow,
  options: { readonly deletes: boolean; readonly ended: () => void },
): void {
  const { deletes, ended } = options;
  if (isGone(host)) {
    ended();
    return;
  }
  if (!deletes) {
    leaveInactive(cattle, host, ended);
    return;
  }
  const waiting = underWay.get(host);
  if (waiting !== undefined) {
    waiting.push(ended);
    return;
  }
  underWay.set(host, [ended]);
  begin(cattle, host);
}

function begin(cattle: Cattle, host: HostRow): void {
  const at = (ms: number, step: () => void): void => cattle.timeline.after(ms, step);
  switch (host.state) {
    case 'error':
      at(recorded.errorPurged, () => purge(cattle, host));
      return;
    case 'registering':
    case 'provisioning':
    case 'erroring':
      at(recorded.deactivating, () => begin(cattle, host));
      return;
    case 'inactive':
      at(recorded.inactiveRemoving, () => pass(cattle, host, 'removing'));
      at(recorded.inactivePurged, () => purge(cattle, host));
      return;
    default:
      at(recorded.deactivating, () => pass(cattle, host, 'deactivating'));
      at(recorded.inactive, () => pass(cattle, host, 'inactive'));
      at(recorded.containersGone, () => vacate(cattle, host));
      at(recorded.removing, () => pass(cattle, host, 'removing'));
      at(recorded.purged, () => purge(cattle, host));
  }
}

function leaveInactive(cattle: Cattle, host: HostRow, ended: () => void): void {
  cattle.timeline.after(recorded.onlyInactive, () => pass(cattle, host, 'inactive'));
  cattle.timeline.after(recorded.onlyContainersGone, () => {
    vacate(cattle, host);
    ended();
  });
}

function isGone(host: HostRow): boolean {
  return host.state === 'removed' || host.state === 'purged';
}

function pass(cattle: Cattle, host: HostRow, state: 'deactivating' | 'inactive' | 'removing'): void {
  if (isGone(host)) return;
  host.state = state;
  host.transitioning = state === 'inactive' ? 'no' : 'yes';
  host.transitioningMessage = state === 'inactive' ? null : 'In Progress';
  cattle.changed(host);
}

function purge(cattle: Cattle, host: HostRow): void {
  if (host.removedTS === null) {
    host.removedTS = Date.now();
    cattle.table('host').retire(host);
  }
  host.state = 'purged';
  host.transitioning = 'no';
  host.transitioningMessage = null;
  vacate(cattle, host);
  cattle.changed(host);
  for (const ended of underWay.get(host) ?? []) ended();
  underWay.delete(host);
}
