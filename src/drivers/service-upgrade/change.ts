import type { Service } from '../../rancher/resources.ts';
import { launchConfigsOf } from './matching.ts';

/** Set on every launch config that a change of ours writes: by it the change is recognised again (design §5.6). */
export const markerLabel = 'receiver-hooks.change';

/** Not serialised: the reading that a round was decided on, so that a fresh change need not be read twice. */
export const reading = Symbol('reading');

/**
 * What one round decided for a service. The launch config itself is never stored: it holds environment variables and references
 * to secrets, and what is sent must be what Rancher has at that moment.
 */
export interface Change {
  readonly serviceId: string;
  readonly serviceName: string;
  /** The item that asked for it: unique, and the same when the round has to be decided again. */
  readonly marker: string;
  readonly launchConfigs: readonly {
    readonly name: string | null;
    readonly imageUuid: string;
    /** What the launch config was when it was decided on. */
    readonly version: string | null;
  }[];
  readonly batchSize: number;
  readonly intervalMs: number;
  readonly startFirst: boolean;
  readonly onFailure: 'leave' | 'rollback';
  /** `web to acme/web:v2`, for people. */
  readonly told: string;
  /** Set once `finishupgrade` was sent: nobody but a newer upgrade takes the marker away then. */
  readonly isFinishing?: true;
  /** Set once we roll it back ourselves: why. */
  readonly rollingBack?: string;
  readonly [reading]?: Service;
}

// A service in one of these states never changes again (recording b_put_scale_removed).
const goneStates = new Set(['removing', 'removed', 'purging', 'purged']);

/** Whether there is nothing left to upgrade. */
export function isGone(service: Service): boolean {
  return goneStates.has(service.state ?? '');
}

/** Whether Rancher would take an upgrade now: it offers the action (facts rancher-1.6 §4.7). */
export function canBeUpgraded(service: Service): boolean {
  return service.actions?.['upgrade'] !== undefined;
}

/** The marker that the service's launch configs carry now. */
export function markersOn(service: Pick<Service, 'launchConfig' | 'secondaryLaunchConfigs'>): ReadonlySet<string> {
  return new Set(launchConfigsOf(service).flatMap(({ launchConfig }) => launchConfig.labels?.[markerLabel] ?? []));
}

/**
 * How a change stands (design §5.6). `applied`: its label is on the service. `rolled-back`: only the stored strategy has it.
 * `replaced`: it was finished, and a newer upgrade began. `unchanged`: the versions are those it was decided on. `changed`:
 * somebody upgraded the service meanwhile.
 */
export type Standing = 'applied' | 'rolled-back' | 'replaced' | 'unchanged' | 'changed';

interface Strategy extends Pick<Service, 'launchConfig' | 'secondaryLaunchConfigs'> {
  readonly previousLaunchConfig?: Service['launchConfig'];
  readonly previousSecondaryLaunchConfigs?: Service['secondaryLaunchConfigs'];
}

/** Looks a change up in a service as Rancher shows it. */
export function standingOf(change: Change, service: Service): Standing {
  if (markersOn(service).has(change.marker)) return 'applied';
  const { inServiceStrategy: strategy } = (service['upgrade'] ?? {}) as {
    readonly inServiceStrategy?: Strategy | null;
  };
  if (strategy) {
    const { previousLaunchConfig, previousSecondaryLaunchConfigs } = strategy;
    const previous = markersOn({
      launchConfig: previousLaunchConfig ?? null,
      secondaryLaunchConfigs: previousSecondaryLaunchConfigs ?? null,
    });
    if (previous.has(change.marker)) return 'replaced';
    if (markersOn(strategy).has(change.marker)) return 'rolled-back';
  }
  const versions = new Map(
    launchConfigsOf(service).map(({ name, launchConfig }) => [name, launchConfig.version ?? null]),
  );
  return change.launchConfigs.every(({ name, version }) => versions.get(name) === version) ? 'unchanged' : 'changed';
}
