import type { ServiceError } from '../../domain/errors.ts';
import { writeImage, writeImageUuid } from '../../domain/image-reference.ts';
import type { PushedImage } from '../../domain/signal.ts';
import type { Service } from '../../rancher/resources.ts';
import type { Asked, Decision, Round } from '../driver.ts';
import { reading } from '../reading.ts';
import { canBeUpgraded, markersOn, type Change } from './change.ts';
import type { Config } from './config.ts';
import { imageToRun, launchConfigsOf, matchingLaunchConfigs, type NamedLaunchConfig } from './matching.ts';

/** What one read of a service gives. */
export type Snapshot =
  { readonly kind: 'found'; readonly service: Service } | { readonly kind: 'gone'; readonly error: ServiceError };

// Looked at again so often while a service cannot be upgraded; each look is one read.
const againAfterMs = 2_000;

/** An item with the launch configs that are its own to change. */
interface Claim {
  readonly ask: Asked<Config>;
  readonly image: PushedImage;
  readonly launchConfigs: readonly NamedLaunchConfig[];
}

/**
 * Every launch config goes to the newest push that concerns it; a push that has none left is over. Pushes of two images of one
 * service, its own and a sidekick's, become one upgrade. While the service cannot be upgraded, what is left waits.
 */
export function planUpgrade(asked: readonly Asked<Config>[], snapshot: Snapshot): Round<Change> {
  if (snapshot.kind === 'gone') {
    const { code, message } = snapshot.error;
    return { decisions: asked.map(({ itemId }) => ({ itemId, outcome: 'failed', code, message })) };
  }
  const { service } = snapshot;
  // A write in doubt landed after all: its item must follow it, or the service would stay "upgraded" for ever.
  const onService = markersOn(service);
  const landed = asked.find(({ itemId }) => onService.has(itemId));
  const { ended, claims } = claim(landed === undefined ? asked : [landed], service);
  const waiting = landed === undefined ? [] : asked.filter((ask) => ask !== landed).map((ask) => wait(ask, service));
  const decided = [...ended, ...waiting];
  if (claims.length === 0) return { decisions: decided, ...(waiting.length === 0 ? {} : { againAfterMs }) };
  if (landed === undefined && !canBeUpgraded(service)) {
    return { decisions: [...decided, ...claims.map(({ ask }) => hold(ask, service))], againAfterMs };
  }
  const change = changeOf(claims, service);
  const message = `upgrading ${change.told}`;
  return {
    decisions: [...decided, ...claims.map(({ ask }) => ({ itemId: ask.itemId, outcome: 'change' as const, message }))],
    change,
  };
}

function claim(
  asked: readonly Asked<Config>[],
  service: Service,
): { readonly ended: readonly Decision[]; readonly claims: readonly Claim[] } {
  const ended: Decision[] = [];
  const claims: Claim[] = [];
  const taken = new Map<string | null, PushedImage>();
  for (const ask of asked.toReversed()) {
    const { itemId, config, signal } = ask;
    const launchConfigs = matchingLaunchConfigs(service, config, signal.image);
    if (launchConfigs.length === 0) {
      const message = `service ${nameOf(service)} does not match any more: its labels or its image changed while the push waited`;
      ended.push({ itemId, outcome: 'ignored', message });
    } else if (signal.image === undefined) {
      const message = `a push of a tag that matches would upgrade ${toldNames(service, launchConfigs)}`;
      ended.push({ itemId, outcome: 'unchanged', message });
    } else {
      const image = imageToRun(signal.image, config);
      const own = launchConfigs.filter(({ name }) => !taken.has(name));
      const [newer] = launchConfigs.flatMap(({ name }) => taken.get(name) ?? []);
      if (own.length === 0 && newer !== undefined) {
        ended.push({ itemId, outcome: 'unchanged', message: `a newer push takes its place: ${writeImage(newer)}` });
        continue;
      }
      for (const { name } of own) taken.set(name, image);
      claims.push({ ask, image, launchConfigs: own });
    }
  }
  return { ended, claims };
}

function changeOf(claims: readonly Claim[], service: Service): Change {
  const images = new Map(claims.flatMap(({ image, launchConfigs }) => launchConfigs.map(({ name }) => [name, image])));
  const [newest] = claims;
  if (newest === undefined) throw new Error('a change without anybody who asked for it');
  const { batchSize, intervalMillis, startFirst, onFailure } = newest.ask.config;
  return {
    serviceId: service.id,
    serviceName: nameOf(service),
    marker: newest.ask.itemId,
    launchConfigs: launchConfigsOf(service).flatMap(({ name, launchConfig }) => {
      const image = images.get(name);
      if (image === undefined) return [];
      return [
        { name, imageUuid: writeImageUuid(image, launchConfig.imageUuid), version: launchConfig.version ?? null },
      ];
    }),
    batchSize,
    intervalMs: intervalMillis * 1_000,
    startFirst,
    onFailure,
    told: claims
      .map(({ image, launchConfigs }) => `${toldNames(service, launchConfigs)} to ${writeImage(image)}`)
      .join(', '),
    [reading]: service,
  };
}

/** `active` without the action means that our key may not: waiting would not help. */
function hold(ask: Asked<Config>, service: Service): Decision {
  if (service.state !== 'active' && service.state !== 'inactive') return wait(ask, service);
  const message = `Rancher offers no upgrade of service ${nameOf(service)}; give this service a key that may change it`;
  return { itemId: ask.itemId, outcome: 'failed', code: 'RANCHER_UNAUTHORIZED', message };
}

function wait({ itemId }: Asked<Config>, service: Service): Decision {
  const message = `waits until service ${nameOf(service)} can be upgraded; it is ${String(service.state)}`;
  return { itemId, outcome: 'wait', message };
}

function nameOf(service: Service): string {
  return service.name ?? service.id;
}

/** `web`, or `web with its sidekick logs`. */
function toldNames(service: Service, launchConfigs: readonly NamedLaunchConfig[]): string {
  const sidekicks = launchConfigs.flatMap(({ name }) => (name === null ? [] : [name])).join(', ');
  if (sidekicks === '') return nameOf(service);
  const isPrimaryToo = launchConfigs.some(({ name }) => name === null);
  return isPrimaryToo ? `${nameOf(service)} with ${sidekicks}` : `${sidekicks} of ${nameOf(service)}`;
}
