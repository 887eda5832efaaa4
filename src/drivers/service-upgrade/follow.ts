import { hasCode } from '../../domain/errors.ts';
import type { Service } from '../../rancher/resources.ts';
import type { FollowContext, Progress } from '../driver.ts';
import { isGone, standingOf, type Change } from './change.ts';

/** From the decision to the finished upgrade (design §5.8). */
const settleWithinMs = 30 * 60_000;
/** A rollback that has not ended by then is left to people. */
const rollBackWithinMs = 2 * settleWithinMs;

// No upgrade runs in these: one whose label is on the service was finished.
const restingStates = new Set(['active', 'updating-active', 'inactive', 'deactivating', 'restarting']);

/**
 * Looks after an upgrade that Rancher has taken: finishes it when all containers are new, rolls it back when it takes too long and
 * the receiver says so. Only our own upgrades are touched: those that Rancher shows with our label. Safe to repeat.
 */
export async function followUpgrade(change: Change, context: FollowContext): Promise<Progress> {
  const service = await readOrGone(change, context);
  if (service === undefined || isGone(service)) {
    const message = `service ${change.serviceName} was deleted while it was upgraded`;
    return { kind: 'failed', code: 'TARGET_NOT_FOUND', applied: 'unknown', message };
  }
  const standing = standingOf(change, service);
  switch (standing) {
    case 'applied':
    case 'labelled':
      if (restingStates.has(service.state ?? '')) return { kind: 'done', message: `upgraded ${change.told}` };
      return standing === 'applied' ? followOurs(change, service, context) : followUnshown(change, service, context);
    case 'rolled-back':
      return afterRollback(change, service, context);
    case 'replaced':
      return { kind: 'done', message: `upgraded ${change.told}` };
    case 'unchanged':
    case 'changed':
      if (change.isFinishing) return { kind: 'done', message: `upgraded ${change.told}` };
      return { kind: 'superseded', message: `somebody upgraded service ${change.serviceName} on from ${change.told}` };
  }
}

async function readOrGone({ serviceId }: Change, { rancher, read }: FollowContext): Promise<Service | undefined> {
  try {
    return await rancher.services.read(serviceId, read);
  } catch (error) {
    if (hasCode(error, 'RANCHER_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Sends nothing: whose upgrade runs is not known. Ours is shown in a moment, so one that is not shown for long is another's. */
function followUnshown(change: Change, service: Service, { ageMs }: FollowContext): Progress {
  if (ageMs <= settleWithinMs) return later(change, service, ageMs);
  const message = `somebody changes service ${change.serviceName} after ${change.told}, ${stateOf(service)}; look at it in Rancher`;
  return { kind: 'superseded', message };
}

async function followOurs(change: Change, service: Service, context: FollowContext): Promise<Progress> {
  const { rancher, write, ageMs } = context;
  switch (service.state) {
    case 'upgraded':
      if (change.rollingBack !== undefined) return rollBack(change, change.rollingBack, context);
      await rancher.services.action(service.id, 'finishupgrade', {}, write);
      return {
        kind: 'later',
        afterMs: 500,
        message: `upgraded ${change.told}, removing the old containers`,
        change: { ...change, isFinishing: true },
      };
    case 'canceled-upgrade':
      return {
        kind: 'superseded',
        message: `somebody cancelled the upgrade of ${change.told}; continue it or roll it back in Rancher`,
      };
    case 'finishing-upgrade': {
      // Also when the answer to our request was lost.
      const finishing = { ...change, isFinishing: true } as const;
      return ageMs > settleWithinMs
        ? tooLong(finishing, service, context)
        : { ...later(change, service, ageMs), change: finishing };
    }
    default:
      return ageMs > settleWithinMs ? tooLong(change, service, context) : later(change, service, ageMs);
  }
}

async function tooLong(change: Change, service: Service, context: FollowContext): Promise<Progress> {
  const reason = `not done after ${String(settleWithinMs / 60_000)} minutes: ${stateOf(service)}`;
  // Once it was being finished all containers were new: nothing failed that a rollback would mend.
  if (change.onFailure === 'leave' || change.isFinishing) {
    const message = `upgrade of ${change.told} ${reason}; finish it or roll it back in Rancher`;
    return { kind: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'unknown', message };
  }
  return rollBack(change, reason, context);
}

async function rollBack(change: Change, reason: string, { rancher, write, ageMs }: FollowContext): Promise<Progress> {
  if (ageMs > rollBackWithinMs) {
    const message = `upgrade of ${change.told} ${reason}; it could not be rolled back either, look at the service in Rancher`;
    return { kind: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'unknown', message };
  }
  await rancher.services.action(change.serviceId, 'rollback', {}, write);
  const message = `rolling ${change.told} back: ${reason}`;
  return { kind: 'later', afterMs: 1_000, message, change: { ...change, rollingBack: reason } };
}

function afterRollback(change: Change, service: Service, { ageMs }: FollowContext): Progress {
  // A crash after our own request and before its note looks the same: past the deadline it was ours.
  const isOurs = change.rollingBack !== undefined || (change.onFailure === 'rollback' && ageMs > settleWithinMs);
  if (!isOurs) return { kind: 'superseded', message: `somebody rolled the upgrade of ${change.told} back` };
  if (service.state === 'rolling-back' && ageMs < rollBackWithinMs) {
    return { kind: 'later', afterMs: 1_000, message: `rolling ${change.told} back` };
  }
  const reason = change.rollingBack ?? 'not done in time';
  const message = `upgrade of ${change.told} ${reason}; rolled back to what ran before`;
  return { kind: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'no', message };
}

function later(change: Change, service: Service, ageMs: number): Extract<Progress, { readonly kind: 'later' }> {
  // The longer it takes, the rarer the looks: hundreds of services upgraded by one push must not keep Rancher busy.
  return {
    kind: 'later',
    afterMs: Math.min(5_000, Math.max(500, Math.round(ageMs / 4))),
    message: `upgrading ${change.told}, ${stateOf(service)}`,
  };
}

/** `transitioning: error` is not final (recording c_upgrade_partial_launchconfig), but its message says what stands in the way. */
function stateOf({ state, transitioning, transitioningMessage }: Service): string {
  const trouble = transitioning === 'error' && transitioningMessage ? ` (${transitioningMessage.slice(0, 300)})` : '';
  return `${String(state)}${trouble}`;
}
