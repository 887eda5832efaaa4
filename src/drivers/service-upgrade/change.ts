import type { Service } from '../../rancher/resources.ts';
import type { reading } from '../reading.ts';
import { launchConfigsOf } from './matching.ts';

/** Set on every launch config that a change of ours writes: by it the change is recognised again (design §5.6). */
export const markerLabel = 'receiver-hooks.change';

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

/** The markers that these launch configs carry. */
export function markersOn(launchConfigs: LaunchConfigs): ReadonlySet<string> {
  return new Set(
    launchConfigsOf(launchConfigs).flatMap(({ launchConfig }) => launchConfig.labels?.[markerLabel] ?? []),
  );
}

/**
 * How a change stands (design §5.6). `applied`: the upgrade that Rancher shows is this one. `labelled`: its label is on the service,
 * but whose upgrade runs is not shown: ours just began, or another service is taking this one's place. `rolled-back`: only the
 * stored strategy has it. `replaced`: it was finished, and a newer upgrade began. `unchanged`: the versions are those it was
 * decided on. `changed`: somebody upgraded the service meanwhile.
 */
export type Standing = 'applied' | 'labelled' | 'rolled-back' | 'replaced' | 'unchanged' | 'changed';

type LaunchConfigs = Pick<Service, 'launchConfig' | 'secondaryLaunchConfigs'>;

/** The last upgrade as Rancher keeps it, also when all is over: the launch configs after and before it, all of them each time. */
interface Strategy extends LaunchConfigs {
  readonly previousLaunchConfig?: Service['launchConfig'];
  readonly previousSecondaryLaunchConfigs?: Service['secondaryLaunchConfigs'];
}

/**
 * Looks a change up in a service as Rancher shows it. The label on the service alone proves nothing: whoever upgrades it next sends
 * the launch config back whole or leaves it out, and takes our label along either way.
 */
export function standingOf(change: Change, service: Service): Standing {
  const isOn = (launchConfigs: LaunchConfigs): boolean => markersOn(launchConfigs).has(change.marker);
  const { inServiceStrategy: strategy } = (service['upgrade'] ?? {}) as {
    readonly inServiceStrategy?: Strategy | null;
  };
  if (strategy) {
    if (isOn(before(strategy))) return 'replaced';
    if (isOn(strategy)) {
      if (!isOn(service)) return 'rolled-back';
      // An upgrade that was just taken is not shown yet, the one before it is (recording c_upgrade_one_secondary_only).
      return runs(service, strategy) ? 'applied' : 'replaced';
    }
  }
  if (isOn(service)) return 'labelled';
  const versions = versionsOf(service);
  return change.launchConfigs.every(({ name, version }) => versions.get(name) === version) ? 'unchanged' : 'changed';
}

function before({ previousLaunchConfig, previousSecondaryLaunchConfigs }: Strategy): LaunchConfigs {
  return {
    launchConfig: previousLaunchConfig ?? null,
    secondaryLaunchConfigs: previousSecondaryLaunchConfigs ?? null,
  };
}

/** Whether the service is as this strategy wants it: every upgrade gives new versions to what it replaces, and nothing else does. */
function runs(service: Service, strategy: Strategy): boolean {
  const wanted = versionsOf(strategy);
  return [...versionsOf(service)].every(([name, version]) => (wanted.get(name) ?? version) === version);
}

function versionsOf(launchConfigs: LaunchConfigs): ReadonlyMap<string | null, string | null> {
  return new Map(launchConfigsOf(launchConfigs).map(({ name, launchConfig }) => [name, launchConfig.version ?? null]));
}
