import { newId } from './new-id.ts';
import { ServiceError } from '../domain/errors.ts';
import type { Signal } from '../domain/signal.ts';
import type { Target } from '../domain/target.ts';
import { projectOf } from '../domain/target.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import type { Acceptance, NewExecution } from '../storage/store.ts';
import type { StoredExecution } from '../storage/stored-execution.ts';
import { acceptOne } from './accepting.ts';
import { cancelExecution } from './cancelling.ts';
import type { Execution, ExecutionHistory } from './execution.ts';
import { startFollower } from './follower.ts';
import { createGate } from './gate.ts';
import { createHistory, toExecution } from './history.ts';
import type { LaneContext } from './lane-context.ts';
import { Lane, type OpenedRound } from './lane.ts';
import { watchOtherReplicas } from './other-replicas.ts';
import {
  asAccepted,
  asForgotten,
  endedBy,
  keepBody,
  seenKeysOf,
  type Preview,
  type Submission,
  type Submitted,
} from './submission.ts';
import { startSweeper } from './sweeper.ts';
import { defaultTiming, type Timing } from './timing.ts';
import { createWaiters, type Ending } from './waiters.ts';

// Bounds of what may pile up; past them callers get 503 and nothing is stored (design §2, §5).
const waitingALane = 1_000;
// Bodies are kept until they are forwarded, so fewer of those may wait.
const waitingALaneWithBodies = 100;
const settleWaiters = 50;
const lanesAtOnce = 50;

export interface Executions extends ExecutionHistory {
  /**
   * Stores a trigger and waits for its end within the waiting budget. Work is never dropped because a caller hung up.
   * @throws ServiceError OVERLOADED (lane full), STORE_UNAVAILABLE, STORE_IN_DOUBT (it may be stored), IDEMPOTENCY_KEY_REUSED, TRIGGER_REPLAYED, and what `driver.targets` throws: else nothing is stored then.
   */
  submit(submission: Submission): Promise<Submitted>;
  /** Ends what waits and was not begun. @throws ServiceError NOT_FOUND, ACTION_NOT_AVAILABLE. */
  cancel(projectId: string, executionId: string): Promise<Execution>;
  /** What a trigger would do now; stores and changes nothing. */
  preview(submission: Pick<Submission, 'projectId' | 'driver' | 'config' | 'signal'>): Promise<readonly Preview[]>;
  /** Stops beginning work, lets waiting callers go with "not finished", waits for what is on the wire. */
  close(): Promise<void>;
}

export interface ExecutionsOptions extends Omit<LaneContext, 'timing' | 'waiters' | 'gate' | 'random' | 'reached'> {
  readonly timing?: Partial<Timing>;
  readonly random?: LaneContext['random'];
  readonly reached?: LaneContext['reached'];
}

/** Starts carrying out what waits in the store, and takes new triggers. */
export function startExecutions(options: ExecutionsOptions): Executions {
  const { store } = options;
  const timing: Timing = { ...defaultTiming, ...options.timing };
  const waiters = createWaiters();
  const context: LaneContext = {
    ...options,
    timing,
    waiters,
    gate: createGate(lanesAtOnce),
    random: options.random ?? Math.random,
    reached: options.reached ?? (() => undefined),
  };
  const lanes = new Map<Target, Lane>();
  let isClosed = false;
  let waitingToSettle = 0;
  const accepting = new Set<Promise<unknown>>();

  const laneOf = (target: Target): Lane => {
    const lane = lanes.get(target) ?? new Lane(context, target);
    lanes.set(target, lane);
    return lane;
  };
  const driverOf = (id: string): AnyDriver => {
    const driver = context.drivers.get(id);
    if (driver === undefined)
      throw new ServiceError(
        'SETTINGS_INVALID',
        `Invalid driver ${id}; this version has ${[...context.drivers.keys()].join(', ')}`,
        { fieldName: 'driver' },
      );
    return driver;
  };

  const sweeper = startSweeper(
    store,
    timing,
    context.log,
    (target) => laneOf(target).poke(),
    () => {
      for (const [target, lane] of lanes) if (lane.isIdle) lanes.delete(target);
    },
  );

  const stopWatching = watchOtherReplicas(context, (target) => lanes.get(target)?.poke());
  const follower = startFollower(context, timing.followEveryMs);

  /** Stores the trigger; its only lane, when free, is opened by the same commit and read meanwhile. */
  const accept = async (execution: NewExecution, budgetMs: number): Promise<Acceptance> => {
    const [target, ...others] = execution.targets;
    if (target === undefined || others.length > 0) {
      const acceptance = await acceptOne(store, execution);
      if (acceptance.kind !== 'accepted') return acceptance;
      context.reached('accepted');
      for (const each of execution.targets) laneOf(each).poke();
      return acceptance;
    }
    const lane = laneOf(target);
    return lane.expecting(async (mayOpen) => {
      if (mayOpen) lane.readEarly(execution.driver);
      const askedMs = performance.now();
      const { holder } = context;
      const open = { target, holder, leaseMs: timing.leaseMs, doubtMs: timing.rancherTimeoutMs };
      // The decision follows at once, and its commit brings this one to the disk. Repetitions are told of what they repeat, so that must be there.
      const isToldLater = budgetMs > 0 && execution.seenKeys.length === 0;
      const acceptance = await acceptOne(store, mayOpen ? { ...execution, open, isToldLater } : execution);
      if (acceptance.kind === 'accepted') {
        context.reached('accepted');
        lane.poke(openedBy(acceptance, askedMs));
      }
      return acceptance;
    });
  };

  const finish = async (executionId: string, ending: Ending, accepted: Execution): Promise<Execution> => {
    if (ending.kind === 'item') return endedBy(accepted, ending);
    const found = await lookUp(executionId);
    return found === 'unknown' || found === undefined ? accepted : toExecution(found);
  };
  /** What is stored of an execution; `unknown` while the database is away: it was accepted, and whoever asks must not be told otherwise. */
  const lookUp = async (executionId: string): Promise<StoredExecution | 'unknown' | undefined> => {
    try {
      return await store.findExecution(executionId);
    } catch (error) {
      context.log.warn({ err: error, execution: executionId }, 'an accepted execution could not be looked up');
      return 'unknown';
    }
  };

  const settle = async (execution: Execution): Promise<boolean> => {
    if (waitingToSettle >= settleWaiters) return false;
    waitingToSettle += 1;
    try {
      const driver = driverOf(execution.driver);
      const untilMs = performance.now() + timing.settleWithinMs;
      for (const { target } of execution.items) {
        while (!(await driver.isSettled(target, context.rancher(projectOf(target)), {}))) {
          if (isClosed || performance.now() > untilMs) return false;
          await new Promise((resolve) => setTimeout(resolve, timing.lookAgainMs / 4));
        }
      }
      return true;
    } catch {
      return false;
    } finally {
      waitingToSettle -= 1;
    }
  };

  return {
    ...createHistory(store),

    async submit(submission) {
      if (isClosed)
        throw new ServiceError('OVERLOADED', 'the service is shutting down; try again', { retryAfterSeconds: 5 });
      const driver = driverOf(submission.driver);
      const { wait } = submission;
      const { signal, targets } = await aimAt(driver, submission);
      const id = newId();
      const laneLimit = driver.needs === 'body' ? waitingALaneWithBodies : waitingALane;
      const execution: NewExecution = {
        id,
        ...(targets.length === 0 ? {} : keepBody(driver, { ...submission, executionId: id })),
        projectId: submission.projectId,
        receiverId: submission.receiverId,
        receiverName: submission.receiverName,
        driver: submission.driver,
        format: submission.format,
        config: submission.config,
        signal,
        targets,
        ...(submission.callback === undefined ? {} : { callback: submission.callback }),
        seenKeys: seenKeysOf({ ...submission, signal }),
        sendWithinMs: Math.max(timing.sendWithinMs, driver.sendWithinMs ?? 0),
        laneLimit,
      };
      const budgetMs = wait === 'respond-async' ? 0 : timing.answerWithinMs;
      // Waiting begins before the trigger is stored, so that an end that comes at once is not missed.
      const own = waiters.wait(execution.id, targets.length === 0 ? 0 : budgetMs);
      const accepted = accept(execution, budgetMs);
      accepting.add(accepted);
      const acceptance = await accepted
        .catch((error: unknown) => {
          waiters.wake(execution.id, { kind: 'not-yet' });
          throw error;
        })
        .finally(() => accepting.delete(accepted));
      if (acceptance.kind !== 'accepted') waiters.wake(execution.id, { kind: 'not-yet' });
      if (acceptance.kind === 'lane-full') {
        throw new ServiceError('OVERLOADED', `${String(laneLimit)} triggers wait for this target; try again later`, {
          retryAfterSeconds: 30,
        });
      }
      if (acceptance.kind === 'request-key-reused') {
        throw new ServiceError(
          'IDEMPOTENCY_KEY_REUSED',
          'the Idempotency-Key was used with another body within 24 hours; use a new key for a new request',
          { fieldName: 'Idempotency-Key' },
        );
      }
      if (acceptance.kind === 'replayed') {
        throw new ServiceError(
          'TRIGGER_REPLAYED',
          'a request with this signature was accepted already; sign each request anew',
        );
      }
      const isDuplicate = acceptance.kind === 'duplicate';
      const asStored = asAccepted(execution);
      let ended = asStored;
      if (isDuplicate) ended = await awaitEarlier(acceptance.executionId, execution, budgetMs);
      else if (targets.length > 0) ended = await finish(id, await own, asStored);
      if (wait !== 'settled' || ended.outcome !== 'scaled') return { execution: ended, isDuplicate };
      return { execution: ended, isDuplicate, isSettled: await settle(ended) };
    },

    cancel: (projectId, executionId) => cancelExecution({ store, waiters }, projectId, executionId),

    async preview({ projectId, driver: driverId, config, signal }) {
      const driver = driverOf(driverId);
      const rancher = context.rancher(projectId);
      const { targets } = await aimAt(driver, { config, signal, projectId });
      return Promise.all(
        targets.map(async (target): Promise<Preview> => {
          const [snapshot, history] = await Promise.all([
            driver.read(target, rancher, {}),
            store.readLaneHistory({ target }),
          ]);
          const [decision] = driver.plan([{ itemId: 'preview', config, signal }], snapshot, history).decisions;
          if (decision === undefined) throw new ServiceError('INTERNAL', `driver ${driverId} decided nothing`);
          const { itemId: _item, ...rest } = decision;
          return { target, ...rest };
        }),
      );
    },

    async close() {
      isClosed = true;
      // A lane that is made after the others were closed would go on for ever.
      await Promise.allSettled(accepting);
      sweeper.stop();
      stopWatching();
      waiters.dismiss();
      await Promise.all([follower.close(), ...[...lanes.values()].map((lane) => lane.close())]);
    },
  };

  /** What a trigger concerns; without a target it is ignored, and says why. */
  async function aimAt(
    driver: AnyDriver,
    { config, signal, projectId }: Pick<Submission, 'config' | 'signal' | 'projectId'>,
  ): Promise<{ readonly signal: Signal; readonly targets: readonly Target[] }> {
    if (signal.says === 'ignore') return { signal, targets: [] };
    const found = await driver.targets(config, signal, context.rancher(projectId));
    if (!('reason' in found)) return { signal, targets: found };
    return { signal: { says: 'ignore', reason: found.reason }, targets: [] };
  }

  /** What becomes of the execution that `repetition` is one of. */
  async function awaitEarlier(id: string, repetition: NewExecution, budgetMs: number): Promise<Execution> {
    const waiting = waiters.wait(id, budgetMs);
    const found = await lookUp(id);
    if (found !== undefined && found !== 'unknown' && found.state !== 'finished')
      return finish(id, await waiting, toExecution(found));
    waiters.wake(id, { kind: 'look-up' });
    const earlier = { ...repetition, id };
    if (found === 'unknown') return asAccepted(earlier);
    return found === undefined ? asForgotten(earlier) : toExecution(found);
  }
}

/**
 * The round that came with an acceptance. With a change under way in it, it was opened beside the commit that closes that
 * change: taken up, a change that is being closed would be taken for one in doubt.
 */
function openedBy(
  { opened }: Extract<Acceptance, { readonly kind: 'accepted' }>,
  askedMs: number,
): OpenedRound | undefined {
  if (opened === undefined || (opened.kind === 'held' && opened.open !== undefined)) return undefined;
  return { round: opened, askedMs };
}
