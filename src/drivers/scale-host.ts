import { hostsTarget } from '../domain/target.ts';
import { oldestOf } from '../domain/host-choice.ts';
import { hasCode } from '../domain/errors.ts';
import type { ServiceError } from '../domain/errors.ts';
import type { Asked, Driver, LaneHistory, Round } from './driver.ts';
import { noScaleDefaults } from './scale-config.ts';
import type { ScaleDefaults } from './scale-config.ts';
import type { HostChange } from './scale-host/change.ts';
import { ScaleHostConfig, scaleHostFields } from './scale-host/config.ts';
import { convergeHosts } from './scale-host/converge.ts';
import { requireHostCreator, seeHosts } from './scale-host/environment.ts';
import { followHosts } from './scale-host/follow.ts';
import { groupOf, isMember } from './scale-host/group.ts';
import { isBeingMade, isLiving, isMachine } from './scale-host/host-view.ts';
import type { HostsSeen } from './scale-host/host-view.ts';
import { readTemplate, requireActiveDriver } from './scale-host/new-host.ts';
import { planHosts } from './scale-host/plan.ts';

type Snapshot = ({ readonly kind: 'seen' } & HostsSeen) | { readonly kind: 'refused'; readonly error: ServiceError };

/**
 * Makes and removes machine hosts of a group within bounds: a superset of the old service's driver of this name (v0.9.15's
 * `hostSelector`, and `hostTemplateId` of its 2017 preview line).
 */
export const scaleHost: Driver<ScaleHostConfig, Snapshot, HostChange> = {
  id: 'scaleHost',
  Config: ScaleHostConfig,
  resourceFields: scaleHostFields,
  needs: 'fire',
  // Whoever may write a genericObject may not therefore make hosts: a restricted member may do the first only.
  provenance: 'ours',
  installationDefaults: { ...noScaleDefaults },

  async check(config, rancher) {
    const creator = await requireHostCreator(rancher, {});
    if (config.action === 'down') return;
    if (config.hostTemplateId !== undefined) {
      const { driver } = await readTemplate(creator, config.hostTemplateId, {});
      if (typeof driver === 'string') await requireActiveDriver(creator, driver, {});
      return;
    }
    // The label need not exist yet; only what is there can be looked at.
    const group = groupOf(config);
    const { hosts } = await seeHosts(creator, {});
    const base = oldestOf(hosts.filter((host) => isLiving(host) && isMachine(host) && isMember(group, host)));
    if (base?.driver !== undefined) await requireActiveDriver(creator, base.driver, {});
    if (base?.templateId !== undefined) await readTemplate(creator, base.templateId, {});
  },

  /** POST on hosts; a restricted member does not have it (recording f_host_create_as_restricted). */
  async isAllowed(_config, caller) {
    const { collectionMethods } = await caller.readSchema('host');
    return collectionMethods?.includes('POST') === true;
  },

  async targets(_config, _signal, rancher) {
    return [hostsTarget(rancher.projectId)];
  },

  async read(_target, rancher, options) {
    try {
      return { kind: 'seen', ...(await seeHosts(await requireHostCreator(rancher, options), options)) };
    } catch (error) {
      if (!hasCode(error, 'HOST_KEY_MISSING')) throw error;
      return { kind: 'refused', error };
    }
  },

  plan: (asked, snapshot, lane) => planOn(asked, snapshot, lane, noScaleDefaults),

  converge: convergeHosts,
  follow: followHosts,

  async isSettled(_target, rancher, options) {
    const { hosts } = await seeHosts(await requireHostCreator(rancher, options), options);
    return !hosts.some((host) => host.isLeaving || isBeingMade(host));
  },
};

/** The same for an installation that sets something for receivers that leave it out. */
export function createScaleHost(defaults: ScaleDefaults): Driver<ScaleHostConfig, Snapshot, HostChange> {
  return {
    ...scaleHost,
    installationDefaults: { ...defaults },
    plan: (asked, snapshot, lane) => planOn(asked, snapshot, lane, defaults),
  };
}

function planOn(
  asked: readonly Asked<ScaleHostConfig>[],
  snapshot: Snapshot,
  lane: LaneHistory,
  defaults: ScaleDefaults,
): Round<HostChange> {
  if (snapshot.kind === 'refused') {
    const { code, message } = snapshot.error;
    return { decisions: asked.map(({ itemId }) => ({ itemId, outcome: 'failed', code, message })) };
  }
  return planHosts(asked, snapshot, lane, defaults);
}
