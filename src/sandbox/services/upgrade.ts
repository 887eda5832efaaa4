import type { Body } from '../body.ts';
import type { Cattle } from '../resource-type.ts';
import { placement } from './placement.ts';
import { emptiest } from './scaling.ts';
import { runsContainers, settledHealth, type InServiceStrategy, type ServiceRow } from './service-row.ts';
import { addUnit, discard, removeUnit, renewUnit, restoreUnit } from './units.ts';
import { readStrategy } from './upgrade-request.ts';

/**
 * Recorded durations in milliseconds (c_upgrade_inservice_batch1_interval2000, c_upgrade_startfirst_batch2, c_cancelupgrade,
 * c_finishupgrade, c_rollback_from_upgraded): the pause between batches is the caller's interval and what stopping takes.
 */
const recorded = {
  strategyShown: 5,
  firstBatch: 150,
  afterEachBatch: 1_000,
  afterLastBatch: 1_200,
  retryOfPlacement: 1_000,
  canceling: 1_000,
  firstRemoval: 300,
  finishing: 200,
  restarting: 300,
  rollingBack: 1_500,
} as const;

/** `upgrade`: the launch config is the new one at once, the containers follow batch by batch (recordings c_upgrade_*). */
export function upgrade(cattle: Cattle, service: ServiceRow, body: Body): void {
  const strategy = readStrategy(service, body);
  service.launchConfig = strategy.launchConfig;
  service.secondaryLaunchConfigs = strategy.secondaryLaunchConfigs;
  // The answer to the action still shows the strategy of the upgrade before (recording c_upgrade_one_secondary_only).
  service.unshownUpgrade = { type: 'serviceUpgrade', inServiceStrategy: strategy, toServiceStrategy: null };
  const later = enter(cattle, service, 'upgrading');
  later(recorded.strategyShown, () => {
    showUpgrade(service);
    cattle.changed(service);
  });
  later(recorded.firstBatch, () => runBatches(cattle, service, { strategy, later }));
}

/** `continueupgrade` after a cancel: what is left is upgraded. */
export function continueUpgrade(cattle: Cattle, service: ServiceRow): void {
  const strategy = strategyOf(service);
  const later = enter(cattle, service, 'upgrading');
  later(recorded.firstBatch, () => runBatches(cattle, service, { strategy, later }));
}

/** `cancelupgrade`: stops between two batches (recording c_cancelupgrade). The new launch config stays shown. */
export function cancelUpgrade(cattle: Cattle, service: ServiceRow): void {
  showUpgrade(service);
  const later = enter(cattle, service, 'canceling-upgrade');
  later(recorded.canceling, () => rest(cattle, service, 'canceled-upgrade'));
}

/** `finishupgrade`: the old containers go, and a scale that was PUT meanwhile takes effect, but `currentScale` stays (README, row 7). */
export function finishUpgrade(cattle: Cattle, service: ServiceRow): void {
  const later = enter(cattle, service, 'finishing-upgrade');
  later(recorded.firstRemoval, () => {
    discard(cattle, service, service.retired);
    fit(cattle, service);
    cattle.changed(service);
    later(recorded.finishing, () => rest(cattle, service, 'active'));
  });
}

/** `rollback`: the launch configs of before are back at once, their containers start again, the new ones go (recordings c_rollback_*). */
export function rollback(cattle: Cattle, service: ServiceRow): void {
  const strategy = strategyOf(service);
  service.launchConfig = strategy.previousLaunchConfig;
  service.secondaryLaunchConfigs = strategy.previousSecondaryLaunchConfigs;
  const later = enter(cattle, service, 'rolling-back');
  later(recorded.restarting, () => {
    for (const unit of service.units) restoreUnit(cattle, service, unit);
    // Containers of units that are gone meanwhile.
    discard(cattle, service, service.retired);
    fit(cattle, service);
    cattle.changed(service);
    later(recorded.rollingBack, () => rest(cattle, service, 'active'));
  });
}

interface Batches {
  readonly strategy: InServiceStrategy;
  readonly later: Later;
}

type Later = (ms: number, step: () => void) => void;

function runBatches(cattle: Cattle, service: ServiceRow, batches: Batches): void {
  const { strategy, later } = batches;
  const { wanted, hosts, obstacle } = placement(cattle, service);
  if (hosts.length === 0 && wanted > 0) return keepTrying(cattle, service, { ...batches, obstacle });
  let renewed = 0;
  for (const unit of service.units) {
    if (renewed === strategy.batchSize) break;
    if (renewUnit(cattle, service, unit)) renewed += 1;
  }
  // An inactive service has no containers yet: its upgrade starts them (recording c_upgrade_inactive_service).
  while (renewed < strategy.batchSize && service.units.length < wanted) {
    addUnit(cattle, service, emptiest(hosts));
    renewed += 1;
  }
  if (renewed > 0) service.healthState = settledHealth(service);
  cattle.changed(service);
  const isDone = renewed < strategy.batchSize || !hasMore(cattle, service);
  later(strategy.intervalMillis + (isDone ? recorded.afterLastBatch : recorded.afterEachBatch), () => {
    if (isDone) rest(cattle, service, 'upgraded');
    else runBatches(cattle, service, batches);
  });
}

function hasMore(cattle: Cattle, service: ServiceRow): boolean {
  return (
    service.units.some((unit) => renewUnit(cattle, service, unit, 'look-only')) ||
    service.units.length < placement(cattle, service).wanted
  );
}

/** New containers that find no place: `upgrading` for good, to and fro between `yes` and `error` (recording c_upgrade_partial_launchconfig). */
function keepTrying(cattle: Cattle, service: ServiceRow, given: Batches & { readonly obstacle: string }): void {
  const { later, obstacle, ...batches } = given;
  service.transitioning = 'error';
  service.transitioningMessage = `Allocation failed: ${obstacle}`;
  service.healthState = 'degraded';
  cattle.changed(service);
  later(recorded.retryOfPlacement, () => {
    service.transitioning = 'yes';
    service.transitioningMessage = 'In Progress';
    cattle.changed(service);
    runBatches(cattle, service, { ...batches, later });
  });
}

/** Brings the number of units to the scale, without a word in `currentScale`. */
function fit(cattle: Cattle, service: ServiceRow): void {
  const { wanted, hosts } = placement(cattle, service);
  for (
    let last = service.units.at(-1);
    last !== undefined && service.units.length > wanted;
    last = service.units.at(-1)
  ) {
    removeUnit(cattle, service, last);
  }
  while (service.units.length < wanted && hosts.length > 0 && runsContainers(service)) {
    addUnit(cattle, service, emptiest(hosts));
  }
}

function showUpgrade(service: ServiceRow): void {
  service.upgrade = service.unshownUpgrade ?? service.upgrade ?? null;
  service.unshownUpgrade = undefined;
}

function strategyOf(service: ServiceRow): InServiceStrategy {
  showUpgrade(service);
  const strategy = service.upgrade?.inServiceStrategy;
  if (strategy === undefined)
    throw new Error(`service ${service.id} is in ${service.state} without having been upgraded`);
  return strategy;
}

function enter(cattle: Cattle, service: ServiceRow, state: string): Later {
  const round = ++service.round;
  service.state = state;
  service.transitioning = 'yes';
  service.transitioningMessage = 'In Progress';
  cattle.changed(service);
  return (ms, step) =>
    cattle.timeline.after(ms, () => {
      if (service.round === round) step();
    });
}

function rest(cattle: Cattle, service: ServiceRow, state: string): void {
  service.state = state;
  service.transitioning = 'no';
  service.transitioningMessage = null;
  service.healthState = settledHealth(service);
  cattle.changed(service);
}
