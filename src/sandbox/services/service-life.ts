import type { Cattle } from '../resource-type.ts';
import { settle } from './scaling.ts';
import { runsContainers } from './service-row.ts';
import type { ServiceRow } from './service-row.ts';
import { discard, removeUnit, switchUnits } from './units.ts';

const recorded = {
  registering: 60,
  updatingInactive: 40,
  deactivating: 200,
  removing: 100,
  removingContainers: 400,
} as const;

/** From `registering` to `inactive`, and on to `active` with `startOnCreate`. */
export function register(cattle: Cattle, service: ServiceRow): void {
  enter(cattle, service, 'registering');
  afterwards(cattle, service, recorded.registering, () => {
    rest(cattle, service, 'inactive');
    if (service['startOnCreate'] === true) activate(cattle, service);
  });
}

/** Starts the containers (recording b_activate). */
export function activate(cattle: Cattle, service: ServiceRow): void {
  enter(cattle, service, 'activating');
  if (runsContainers(service) && service.units.length === 0) service.healthState = 'unhealthy';
  switchUnits(cattle, service, 'running');
  settle(cattle, service);
}

/** Stops the containers; they stay listed, and `currentScale` keeps its value (recording b_delete_by_DELETE_method_inactive). */
export function deactivate(cattle: Cattle, service: ServiceRow): void {
  enter(cattle, service, 'deactivating');
  afterwards(cattle, service, recorded.deactivating, () => {
    if (runsContainers(service)) service.healthState = 'unhealthy';
    switchUnits(cattle, service, 'stopped');
    rest(cattle, service, 'inactive');
  });
}

/** A new wish for scale or policy: taken in every living state, carried out only where containers run (README, row 9). */
export function rescale(cattle: Cattle, service: ServiceRow): void {
  if (service.state.endsWith('inactive')) {
    enter(cattle, service, 'updating-inactive');
    afterwards(cattle, service, recorded.updatingInactive, () => rest(cattle, service, 'inactive'));
  } else if (service.state === 'activating' || service.state === 'registering') {
    if (service.state === 'activating') settle(cattle, service);
  } else if (service.state.endsWith('active')) {
    enter(cattle, service, 'updating-active');
    settle(cattle, service);
  }
}

/** Removes the containers, then the service, which can still be read by its id. */
export function remove(cattle: Cattle, service: ServiceRow, removed: () => void): void {
  enter(cattle, service, 'removing');
  const tookMs = service.units.length === 0 ? recorded.removing : recorded.removingContainers;
  afterwards(cattle, service, tookMs, () => {
    for (const unit of service.units) removeUnit(cattle, service, unit);
    discard(cattle, service, service.retired);
    service.removedTS = Date.now();
    rest(cattle, service, 'removed');
    cattle.table('service').retire(service);
    removed();
  });
}

function enter(cattle: Cattle, service: ServiceRow, state: string): void {
  service.round += 1;
  service.state = state;
  service.transitioning = 'yes';
  service.transitioningMessage = 'In Progress';
  cattle.changed(service);
}

function rest(cattle: Cattle, service: ServiceRow, state: string): void {
  service.state = state;
  service.transitioning = 'no';
  service.transitioningMessage = null;
  cattle.changed(service);
}

function afterwards(cattle: Cattle, service: ServiceRow, ms: number, step: () => void): void {
  const { round } = service;
  cattle.timeline.after(ms, () => {
    if (service.round === round) step();
  });
}
