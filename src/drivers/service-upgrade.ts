import { hasCode, ServiceError } from '../domain/errors.ts';
import { serviceIdOf, serviceUpgradeTarget } from '../domain/target.ts';
import type { Driver } from './driver.ts';
import { isGone, type Change } from './service-upgrade/change.ts';
import { Config, resourceFields } from './service-upgrade/config.ts';
import { convergeUpgrade } from './service-upgrade/converge.ts';
import { followUpgrade } from './service-upgrade/follow.ts';
import { matchingLaunchConfigs } from './service-upgrade/matching.ts';
import { planUpgrade, type Snapshot } from './service-upgrade/plan.ts';
import { compileTagPattern } from './service-upgrade/tag-pattern.ts';

/** Upgrades the services that run a pushed image; a superset of the old service's driver of this name (v0.9.15). */
export const serviceUpgrade: Driver<Config, Snapshot, Change> = {
  id: 'serviceUpgrade',
  Config,
  resourceFields,
  needs: 'image',
  // An upgrade that runs may take 30 minutes; a push that waits for it must outlast it.
  sendWithinMs: 40 * 60_000,
  provenance: 'any',
  formatOf: ({ payloadFormat }) => payloadFormat,

  async check() {
    // The labels need not be on any service yet: a receiver may be made before what it upgrades.
  },

  /** PUT on services in general: whose labels match may be any service of the environment. */
  async isAllowed(_config, caller) {
    const { resourceMethods } = await caller.readSchema('service');
    return resourceMethods?.includes('PUT') === true;
  },

  async targets(config, { reason, image }, rancher) {
    if (image !== undefined && !hasWantedTag(config, image.tag)) {
      return { reason: `${reason}; the receiver waits for the tag ${config.tag} (${config.tagMatch})` };
    }
    const services = (await rancher.services.list()).filter((service) => !isGone(service));
    const matching = services.filter((service) => matchingLaunchConfigs(service, config, image).length > 0);
    if (matching.length > 0) return matching.map(({ id }) => serviceUpgradeTarget(rancher.projectId, id));
    const labelled = services.filter((service) => matchingLaunchConfigs(service, config, undefined).length > 0).length;
    return {
      reason:
        labelled === 0
          ? `${reason}; no service matches: none has all the labels of the selector`
          : `${reason}; no service matches: ${String(labelled)} with the labels of the selector, but none runs this image`,
    };
  },

  async read(target, rancher, options) {
    const serviceId = serviceIdOf(target);
    const gone = {
      kind: 'gone',
      error: new ServiceError('TARGET_NOT_FOUND', `service ${serviceId} was deleted`),
    } as const;
    try {
      const service = await rancher.services.read(serviceId, options);
      return isGone(service) ? gone : { kind: 'found', service };
    } catch (error) {
      if (hasCode(error, 'RANCHER_NOT_FOUND')) return gone;
      throw error;
    }
  },

  plan: planUpgrade,
  converge: convergeUpgrade,
  follow: followUpgrade,

  async isSettled(target, rancher, options) {
    const { state, transitioning } = await rancher.services.read(serviceIdOf(target), options);
    return state === 'active' && transitioning === 'no';
  },
};

function hasWantedTag({ tag, tagMatch }: Config, given: string): boolean {
  const pattern = compileTagPattern(tag, tagMatch);
  return pattern.kind === 'pattern' && pattern.matches(given);
}
