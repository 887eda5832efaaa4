import * as z from 'zod';
import { ServiceError, hasCode } from '../domain/errors.ts';
import { isRancherId } from '../domain/rancher-id.ts';
import { serviceIdOf, serviceScaleTarget } from '../domain/target.ts';
import type { Rancher } from '../rancher/rancher.ts';
import type { Service } from '../rancher/resources.ts';
import type { Asked, Driver, LaneHistory, Round } from './driver.ts';
import { noScaleDefaults, notAbove, scaleFields, scaleShape, stepFor } from './scale-config.ts';
import type { ScaleDefaults } from './scale-config.ts';
import { decideStep } from './scale-decision.ts';

const Config = z
  .strictObject({
    type: z.literal('scaleService', { error: 'Invalid type; use scaleService or leave it out' }).optional(),
    ...scaleShape,
    serviceId: z
      .string({ error: 'ServiceId not provided; give the id of a service, such as 1s7' })
      .min(1, { error: 'ServiceId not provided; give the id of a service, such as 1s7' }),
  })
  .refine((config) => config.max > config.min, {
    path: ['max'],
    error: ({ input }) => notAbove(input as { min: number; max: number }),
  });

type Config = z.infer<typeof Config>;

interface Change {
  readonly serviceId: string;
  readonly from: number;
  readonly to: number;
}

type Snapshot =
  | { readonly kind: 'scalable'; readonly serviceId: string; readonly scale: number }
  | { readonly kind: 'refused'; readonly error: ServiceError };

// 409 and "removed" look alike in Rancher (recording b_put_scale_removed): a service in one of these states never changes again.
const goneStates = new Set(['removing', 'removed', 'purging', 'purged', 'error', 'erroring']);
const scalableTypes = new Set(['service', 'loadBalancerService']);

/**
 * Why a service cannot be scaled; undefined when it can. Rancher itself answers 200 to all of these and does nothing
 * (recordings b_global_service_put_scale, b_selector_only_service_put_scale, b_scale_policy_service_put_scale,
 * b_external_service_put_scale, b_dns_service_put_scale), so it is asked before and never inferred from its answer.
 */
export function reasonNotScalable(service: Service): ServiceError | undefined {
  const { id } = service;
  const kind = scalableTypes.has(service.type) ? service.type : (service.kind ?? service.type);
  if (goneStates.has(service.state ?? '')) {
    return new ServiceError(
      'TARGET_NOT_FOUND',
      `Service ${id} has been deleted; point the receiver at a living service`,
    );
  }
  if (!scalableTypes.has(kind)) {
    return new ServiceError(
      'TARGET_UNSUPPORTED',
      `Can only create webhooks for Services. The supplied service is of type ${kind}; choose a service or a load balancer`,
    );
  }
  const labels = service.launchConfig?.labels ?? {};
  if (labels['io.rancher.scheduler.global'] === 'true') {
    return new ServiceError(
      'TARGET_UNSUPPORTED',
      `Cannot create webhook for global service ${id}; it runs one container on every host and has no scale`,
    );
  }
  const image = service.launchConfig?.imageUuid;
  if (service.type === 'service' && (image === undefined || image === null || image === 'docker:rancher/none')) {
    return new ServiceError(
      'TARGET_UNSUPPORTED',
      `Cannot create webhook for service with no image ${id}; it has no containers of its own`,
    );
  }
  if (service.scalePolicy !== undefined && service.scalePolicy !== null) {
    return new ServiceError(
      'TARGET_UNSUPPORTED',
      `service ${id} has a scale policy and scales itself; remove the policy to scale it by receiver`,
    );
  }
  return undefined;
}

async function readSnapshot(
  serviceId: string,
  rancher: Rancher,
  options: Parameters<Rancher['services']['read']>[1],
): Promise<Snapshot> {
  try {
    const service = await rancher.services.read(serviceId, options);
    const error = reasonNotScalable(service);
    return error === undefined
      ? { kind: 'scalable', serviceId, scale: service.scale ?? 0 }
      : { kind: 'refused', error };
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
    return { kind: 'refused', error: notFound(serviceId) };
  }
}

function notFound(serviceId: string): ServiceError {
  return new ServiceError('TARGET_NOT_FOUND', `Invalid service ${serviceId}; no such service in this environment`);
}

/** Scales one service up or down within bounds; a superset of the old service's driver of this name (v0.9.15). */
export const scaleService: Driver<Config, Snapshot, Change> = {
  id: 'scaleService',
  Config,
  resourceFields: { ...scaleFields, serviceId: { type: 'string', create: true, update: true } },
  needs: 'fire',
  provenance: 'any',
  isOneWrite: true,
  installationDefaults: { ...noScaleDefaults },

  async check(config, rancher) {
    const snapshot = await readSnapshot(config.serviceId, rancher, {});
    if (snapshot.kind === 'scalable') return;
    if (snapshot.error.code !== 'TARGET_NOT_FOUND') throw snapshot.error;
    // Deleted or never there: for a new receiver the old service has one sentence.
    const message = `Invalid service ${config.serviceId}; no such living service in this environment`;
    throw new ServiceError('TARGET_NOT_FOUND', message, { fieldName: 'scaleServiceConfig.serviceId' });
  },

  /** The service within reach, and PUT on its type: a load balancer has a schema of its own. */
  async isAllowed(config, caller) {
    try {
      const { type } = await caller.services.read(config.serviceId);
      const { resourceMethods } = await caller.readSchema(type);
      return resourceMethods?.includes('PUT') === true;
    } catch (error) {
      if (hasCode(error, 'RANCHER_NOT_FOUND')) return false;
      throw error;
    }
  },

  async targets({ serviceId }, _signal, rancher) {
    // Written past our API it can be anything. 1s7/x would be read from its target as 1s7 again, which has a lane of its own already.
    if (!isRancherId(serviceId)) throw notFound(serviceId);
    return [serviceScaleTarget(rancher.projectId, serviceId)];
  },

  async read(target, rancher, options) {
    return readSnapshot(serviceIdOf(target), rancher, options);
  },

  plan: (asked, snapshot, lane) => planService(asked, snapshot, lane, noScaleDefaults),

  foresee: ({ serviceId, to }) => ({ kind: 'scalable', serviceId, scale: to }),

  async converge(change, { rancher, sendState, late = [], read, write }) {
    if (sendState !== 'fresh') {
      const found = await readSnapshot(change.serviceId, rancher, read);
      if (found.kind === 'refused') {
        const applied = sendState === 'unsent' ? 'no' : 'unknown';
        return { kind: 'failed', code: found.error.code, applied, message: found.error.message };
      }
      if (sendState !== 'unsent' && found.scale === change.to) return { kind: 'done' };
      if (sendState === 'doubt') return { kind: 'undecided' };
      const figure = `the scale is ${String(found.scale)}, neither ${String(change.from)} nor ${String(change.to)}`;
      if (sendState === 'unsent') {
        if (found.scale !== change.from) return { kind: 'stale', reason: figure };
      } else if (found.scale !== change.from && !late.some(({ to }) => to === found.scale)) {
        const message = `somebody else decided meanwhile: ${figure}`;
        return { kind: 'superseded', message, found: { ...change, to: found.scale } };
      }
    }
    const answered = await rancher.services.update(change.serviceId, { scale: change.to }, write);
    return answered.scale === change.to ? { kind: 'done' } : { kind: 'undecided' };
  },

  async isSettled(target, rancher, options) {
    const service = await rancher.services.read(serviceIdOf(target), options);
    return service.transitioning !== 'yes' && (service.state === 'active' || service.state === 'inactive');
  },

  async repair(inDoubt, latest, rancher, options) {
    if (inDoubt.to === latest.to) return undefined;
    const service = await rancher.services.read(inDoubt.serviceId, options);
    if (service.scale !== inDoubt.to) return undefined;
    return { serviceId: inDoubt.serviceId, from: inDoubt.to, to: latest.to };
  },
};

/** The same for an installation that sets something for receivers that leave it out. */
export function createScaleService(defaults: ScaleDefaults): Driver<Config, Snapshot, Change> {
  return {
    ...scaleService,
    installationDefaults: { ...defaults },
    plan: (asked, snapshot, lane) => planService(asked, snapshot, lane, defaults),
  };
}

function planService(
  asked: readonly Asked<Config>[],
  snapshot: Snapshot,
  lane: LaneHistory,
  defaults: ScaleDefaults,
): Round<Change> {
  if (snapshot.kind === 'refused') {
    const { code, message } = snapshot.error;
    return { decisions: asked.map(({ itemId }) => ({ itemId, outcome: 'failed', code, message })) };
  }
  let figure = snapshot.scale;
  let sinceChangeMs = lane.sinceLastEffectiveChangeMs;
  const decisions = asked.map((ask) => {
    const decision = decideStep({ ...ask, config: stepFor(ask.config, ask.signal, defaults) }, figure, sinceChangeMs);
    if (decision.outcome === 'change') {
      figure = decision.to ?? figure;
      sinceChangeMs = 0;
    }
    return decision;
  });
  if (figure === snapshot.scale) {
    // One up and one down in the same round both count and need no request.
    return {
      decisions: decisions.map((decision) =>
        decision.outcome === 'change' ? { ...decision, outcome: 'scaled' } : decision,
      ),
    };
  }
  return { decisions, change: { serviceId: snapshot.serviceId, from: snapshot.scale, to: figure } };
}
