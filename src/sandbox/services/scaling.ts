import type { Cattle } from '../resource-type.ts';
import { placement } from './placement.ts';
import { runsContainers, settledHealth } from './service-row.ts';
import type { ServiceRow } from './service-row.ts';
import { addUnit, isPlaced, removeUnit } from './units.ts';
import type { HostRow } from '../rows.ts';

/**
 * Recorded durations in milliseconds (b_scale_up_1_to_3_sequence, b_scale_2_to_10_sequence, b_scale_10_to_2_sequence,
 * b_scale_to_0_sequence, b_service_cannot_be_scheduled).
 */
const recorded = {
  nothingToChange: 40,
  firstContainerUp: 150,
  nextContainerUp: 80,
  upForEachUnit: 330,
  upAtLeast: 450,
  firstContainerDown: 140,
  nextContainerDown: 30,
  downInAll: 900,
  downToZeroInAll: 240,
  retryOfPlacement: 1_000,
} as const;

/**
 * Takes a service from what runs to what is wanted, the recorded way: containers come or go one by one, `currentScale`
 * jumps once at the end, then the state is `active`. Called again before that (a second PUT), the newest wish wins.
 */
export function settle(cattle: Cattle, service: ServiceRow): void {
  const round = ++service.round;
  const later = (ms: number, step: () => void): void =>
    cattle.timeline.after(ms, () => {
      if (service.round === round) step();
    });
  // What an earlier round tried in vain is no container to count on.
  for (const unit of service.units) if (!isPlaced(cattle, unit)) removeUnit(cattle, service, unit);
  const { wanted } = placement(cattle, service);
  const running = service.units.length;

  if (wanted < running) shrink(cattle, service, { wanted, later });
  else if (wanted > running) grow(cattle, service, { added: 0, later });
  else later(recorded.nothingToChange, () => become(cattle, service));
}

type Later = (ms: number, step: () => void) => void;

function shrink(
  cattle: Cattle,
  service: ServiceRow,
  { wanted, later }: { readonly wanted: number; readonly later: Later },
): void {
  const inAllMs = wanted === 0 ? recorded.downToZeroInAll : recorded.downInAll;
  const step = (elapsedMs: number): void => {
    const last = service.units.at(-1);
    if (last !== undefined && service.units.length > wanted) {
      removeUnit(cattle, service, last);
      cattle.changed(service);
    }
    if (service.units.length > wanted) {
      later(recorded.nextContainerDown, () => step(elapsedMs + recorded.nextContainerDown));
    } else {
      later(Math.max(60, inAllMs - elapsedMs), () => become(cattle, service));
    }
  };
  later(recorded.firstContainerDown, () => step(recorded.firstContainerDown));
}

function grow(
  cattle: Cattle,
  service: ServiceRow,
  { added, later }: { readonly added: number; readonly later: Later },
): void {
  later(added === 0 ? recorded.firstContainerUp : recorded.nextContainerUp, () => {
    const { wanted, placeable, hosts, obstacle } = placement(cattle, service);
    const running = service.units.length;
    if (running < Math.min(wanted, placeable)) {
      addUnit(cattle, service, emptiest(hosts));
      cattle.changed(service);
      grow(cattle, service, { added: added + 1, later });
    } else if (running < wanted) {
      keepTrying(cattle, service, { obstacle, later });
    } else {
      startContainers(cattle, service, { added, later });
    }
  });
}

/** healthy → degraded → healthy while the new containers start; a load balancer stays `initializing`. */
function startContainers(
  cattle: Cattle,
  service: ServiceRow,
  { added, later }: { readonly added: number; readonly later: Later },
): void {
  const leftMs = Math.max(
    120,
    recorded.upAtLeast + (recorded.upForEachUnit - recorded.nextContainerUp) * added - recorded.firstContainerUp,
  );
  const show = (healthState: string): void => {
    service.healthState = healthState;
    cattle.changed(service);
  };
  if (service.type !== 'loadBalancerService') {
    later(leftMs * 0.4, () => show('degraded'));
    later(leftMs * 0.6, () => show('healthy'));
  }
  later(leftMs, () => become(cattle, service));
}

/**
 * A service that finds no place never settles: `transitioning` goes to and fro between `yes` and `error`, containers
 * appear and vanish, until it is scaled down or a host comes (recordings b_service_cannot_be_scheduled,
 * b_scale_up_beyond_what_hosts_allow).
 */
function keepTrying(
  cattle: Cattle,
  service: ServiceRow,
  { obstacle, later }: { readonly obstacle: string; readonly later: Later },
): void {
  addUnit(cattle, service, undefined);
  const hopeless = service.units.at(-1) ?? [];
  service.transitioning = 'yes';
  service.transitioningMessage = 'In Progress';
  cattle.changed(service);
  later(recorded.retryOfPlacement, () => {
    const instance = `[container:${hopeless[0] ?? ''}]`;
    service.transitioning = 'error';
    service.transitioningMessage = `Failed to allocate instance ${instance}: Bad instance ${instance} in state [error]: Allocation failed: ${obstacle}`;
    if (service.currentScale !== null) service.healthState = 'degraded';
    cattle.changed(service);
    later(recorded.retryOfPlacement, () => {
      removeUnit(cattle, service, hopeless);
      cattle.changed(service);
      grow(cattle, service, { added: 0, later });
    });
  });
}

/** The end of a scaling: the one moment at which `currentScale` changes. */
function become(cattle: Cattle, service: ServiceRow): void {
  service.state = 'active';
  service.transitioning = 'no';
  service.transitioningMessage = null;
  service.currentScale = service.units.length;
  service.healthState =
    service.units.length === 0 && runsContainers(service) && placement(cattle, service).wanted > 0
      ? 'unhealthy'
      : settledHealth(service);
  cattle.changed(service);
}

/** The host with the fewest containers. */
export function emptiest(hosts: readonly HostRow[]): HostRow | undefined {
  return hosts.reduce<HostRow | undefined>(
    (best, host) => (best === undefined || host.containers.length < best.containers.length ? host : best),
    undefined,
  );
}
