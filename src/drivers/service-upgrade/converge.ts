import { hasCode } from '../../domain/errors.ts';
import type { LaunchConfig, Service } from '../../rancher/resources.ts';
import type { ConvergeContext, Progress } from '../driver.ts';
import { reading } from '../reading.ts';
import { canBeUpgraded, isGone, markerLabel, standingOf, type Change } from './change.ts';
import { launchConfigsOf } from './matching.ts';

// The old service set it, too: without it a host that knows the tag already would go on with the old image.
const pullLabel = 'io.rancher.container.pull_image';

/** The first look at an upgrade that Rancher has taken. */
const firstLookMs = 500;

/** Sends an upgrade once, by the rules of design §5.6. Throws what the client throws. */
export async function convergeUpgrade(change: Change, context: ConvergeContext): Promise<Progress> {
  const { rancher, sendState, read, write } = context;
  const fresh = sendState === 'fresh' ? change[reading] : undefined;
  const service = fresh ?? (await rancher.services.read(change.serviceId, read));
  const standing = standingOf(change, service);
  if (standing === 'applied' || standing === 'labelled') return underWay(change);
  if (standing === 'replaced') return { kind: 'done', message: `upgraded ${change.told}, and on from there since` };
  if (isGone(service)) {
    const message = `service ${change.serviceName} has been deleted`;
    const applied = sendState === 'fresh' || sendState === 'unsent' ? 'no' : 'unknown';
    return { kind: 'failed', code: 'TARGET_NOT_FOUND', applied, message };
  }
  if (standing === 'rolled-back') {
    return { kind: 'superseded', message: `somebody rolled the upgrade of ${change.told} back` };
  }
  if (sendState === 'doubt') return { kind: 'undecided' };
  if (standing === 'changed') {
    return { kind: 'stale', reason: `service ${change.serviceName} was upgraded by somebody else meanwhile` };
  }
  if (!canBeUpgraded(service)) return busy(change, service);
  try {
    await rancher.services.action(change.serviceId, 'upgrade', requestOf(change, service), write);
  } catch (error) {
    // Somebody else's upgrade began between our look and our request: proven not applied, and it passes.
    if (hasCode(error, 'RANCHER_REJECTED') && error.details.rancherCode === 'ActionNotAvailable')
      return busy(change, service);
    throw error;
  }
  return underWay(change);
}

function underWay(change: Change): Progress {
  return { kind: 'later', afterMs: firstLookMs, message: `upgrading ${change.told}` };
}

function busy(change: Change, { state }: Service): Progress {
  return { kind: 'stale', reason: `service ${change.serviceName} cannot be upgraded just now; it is ${String(state)}` };
}

/**
 * What is read goes back whole, with the image and two labels changed: Rancher replaces a launch config by what is sent, and a
 * typed subset lost secrets and drain times (rancher#8714, #11588). Launch configs that are left out stay as they are.
 */
function requestOf(change: Change, service: Service): object {
  const changed = new Map(change.launchConfigs.map(({ name, imageUuid }) => [name, imageUuid]));
  const upgraded = launchConfigsOf(service).flatMap(({ name, launchConfig }) => {
    const imageUuid = changed.get(name);
    return imageUuid === undefined ? [] : [{ name, launchConfig: withImage(launchConfig, imageUuid, change.marker) }];
  });
  const primary = upgraded.find(({ name }) => name === null);
  const sidekicks = upgraded.filter(({ name }) => name !== null);
  return {
    inServiceStrategy: {
      batchSize: change.batchSize,
      intervalMillis: change.intervalMs,
      startFirst: change.startFirst,
      ...(primary === undefined ? {} : { launchConfig: primary.launchConfig }),
      ...(sidekicks.length === 0 ? {} : { secondaryLaunchConfigs: sidekicks.map(({ launchConfig }) => launchConfig) }),
    },
  };
}

function withImage(launchConfig: LaunchConfig, imageUuid: string, marker: string): LaunchConfig {
  const labels = { ...launchConfig.labels, [pullLabel]: 'always', [markerLabel]: marker };
  return { ...launchConfig, imageUuid, labels };
}
