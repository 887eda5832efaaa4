import { hasCode } from '../domain/errors.ts';
import { projectOf } from '../domain/target.ts';
import type { Progress } from '../drivers/driver.ts';
import type { FollowedChange, FollowedStep } from '../storage/rounds.ts';
import { backoffMs } from './backoff.ts';
import type { LaneContext } from './lane-context.ts';
import { LeaseTooShort, writeWithin } from './lease.ts';

// So many changes are looked after at once; more wait their turn.
const atOnce = 20;

export interface Follower {
  /** Something may be due. */
  poke(): void;
  /** Waits for what is being looked at just now. */
  close(): Promise<void>;
}

/** Looks after changes that Rancher has accepted and is carrying out: machines being made, upgrades running (design §6, unfinished work). */
export function startFollower(context: LaneContext, everyMs: number): Follower {
  const { store, log, holder, timing } = context;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    try {
      // A push that upgrades hundreds of services would else be looked after twenty a second.
      for (let isMore = true; isMore && !isClosed;) {
        const askedMs = performance.now();
        const due = await store.claimFollowed({
          holder,
          leaseMs: timing.leaseMs + timing.rancherTimeoutMs,
          limit: atOnce,
        });
        await Promise.all(due.map((change) => lookAfter(context, change, askedMs + timing.leaseMs)));
        isMore = due.length === atOnce;
      }
    } catch (error) {
      log.error({ err: error }, 'could not look after changes under way, will be tried again');
    }
  };
  const run = (): void => {
    clearTimeout(timer);
    if (isClosed || working !== undefined) return;
    working = look().finally(() => {
      working = undefined;
      if (!isClosed) timer = setTimeout(run, everyMs);
    });
  };
  run();
  return {
    poke: run,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await working;
    },
  };
}

/** `mayWriteUntilMs`: counted from when the claim was asked for, as its answer may have come late. */
async function lookAfter(context: LaneContext, change: FollowedChange, mayWriteUntilMs: number): Promise<void> {
  const { store, holder, waiters, reached } = context;
  const end = await whatBecame(context, change, mayWriteUntilMs);
  reached('followed');
  const attempt =
    end.kind === 'ended'
      ? { attempt: { result: end.message ?? end.state, ...(end.code === undefined ? {} : { code: end.code }) } }
      : {};
  const committed = await store.stepFollowed({
    changeId: change.changeId,
    target: change.target,
    holder,
    end,
    ...attempt,
  });
  if (committed.kind === 'lane-lost') return;
  for (const { executionId } of committed.finished) waiters.wake(executionId, { kind: 'look-up' });
}

async function whatBecame(
  context: LaneContext,
  change: FollowedChange,
  mayWriteUntilMs: number,
): Promise<FollowedStep['end']> {
  const { drivers, rancher, timing, random, log, reached } = context;
  const driver = drivers.get(change.driver);
  if (driver?.follow === undefined) {
    const message = `driver ${change.driver} of a change under way is not part of this version; go back to the one that began it`;
    return { kind: 'ended', state: 'failed', outcome: 'failed', code: 'INTERNAL', applied: 'unknown', message };
  }
  try {
    const progress = await driver.follow(change.body, {
      rancher: rancher(projectOf(change.target)),
      read: {},
      write: writeWithin(mayWriteUntilMs, () => reached('follow-sending')),
      ageMs: change.ageMs,
      lateWriteMs: timing.lateWriteMs,
    });
    return endOf(progress, timing.lookAgainMs);
  } catch (error) {
    if (!hasCode(error) && !(error instanceof LeaseTooShort))
      log.error({ err: error, change: change.changeId }, 'looking after a change failed, will be tried again');
    // Rancher is away, or the write was refused for now: whatever the driver sends is safe to repeat.
    const attempt = 1 + Math.floor(Math.log2(1 + change.ageMs / timing.retryFirstMs));
    return {
      kind: 'following',
      message: 'under way',
      afterMs: backoffMs(attempt, { firstMs: timing.retryFirstMs, longestMs: timing.retryLongestMs }, random()),
    };
  }
}

function endOf(progress: Progress, lookAgainMs: number): FollowedStep['end'] {
  switch (progress.kind) {
    case 'done': {
      const { results, message } = progress;
      const items = results === undefined ? {} : { items: results };
      return {
        kind: 'ended',
        state: 'done',
        outcome: 'scaled',
        ...(message === undefined ? {} : { message }),
        ...items,
      };
    }
    case 'later': {
      const { afterMs, message } = progress;
      return {
        kind: 'following',
        afterMs,
        message,
        ...(progress.change === undefined ? {} : { body: progress.change }),
      };
    }
    case 'superseded':
      return {
        kind: 'ended',
        state: 'superseded',
        outcome: 'superseded',
        code: 'SUPERSEDED',
        message: progress.message,
      };
    case 'failed': {
      const { code, applied, message, results } = progress;
      const items = results === undefined ? {} : { items: results };
      return { kind: 'ended', state: 'failed', outcome: 'failed', code, applied, message, ...items };
    }
    case 'undecided':
    case 'stale':
      return { kind: 'following', afterMs: lookAgainMs, message: 'under way' };
  }
}
