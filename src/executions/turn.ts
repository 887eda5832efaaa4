import type { ErrorCode, ServiceError } from '../domain/errors.ts';
import type { Target } from '../domain/target.ts';
import type { Decision } from '../drivers/driver.ts';
import type { Committed, ItemEnd, WaitingItem } from '../storage/rounds.ts';
import { backoffMs } from './backoff.ts';
import type { LaneContext } from './lane-context.ts';

/**
 * What a lane does next: begin again at once, rest until somebody asks, or rest for a while; with `backoff` a new trigger
 * does not cut the rest short, or every one of a storm would knock at a Rancher that is away.
 */
export type Next = 'again' | 'rest' | { readonly restMs: number; readonly why: 'backoff' | 'look-again' };

/** A holder's turn at a lane: from opening a round to its last commit. */
export interface Turn {
  readonly context: LaneContext;
  readonly target: Target;
  readonly epoch: number;
  /** By the monotonic clock: no write is begun after it (design §5.4). */
  readonly mayWriteUntilMs: number;
  /** Failed attempts in a row, for the backoff. */
  readonly attempts: { count: number };
  /** How many items the last round decided. */
  readonly crowd: { size: number };
  /** To be told once Rancher has confirmed what this turn wrote: from then on the next one may read. */
  readonly written: () => void;
}

// Errors that no repetition mends: the receiver, the key or the request is wrong.
const finalCodes: readonly ErrorCode[] = [
  'RANCHER_UNAUTHORIZED',
  'RANCHER_REJECTED',
  'TARGET_NOT_FOUND',
  'TARGET_UNSUPPORTED',
];

/** Whether trying again could help. */
export function isFinal(error: ServiceError): boolean {
  return finalCodes.includes(error.code);
}

// A proxy's maintenance page may ask for an hour, and Rancher be back in five minutes.
const longestAskedPauses = 4;

/**
 * How long to leave Rancher alone after `error`: as long as it asked for, up to four of the longest pauses, else with backoff; a conflict
 * passes sooner than an outage.
 */
export function restAfter({ context, target, attempts }: Turn, error: ServiceError): Next {
  const { timing, random, log } = context;
  attempts.count += 1;
  const isConflict = error.code === 'RANCHER_CONFLICT';
  const bounds = isConflict
    ? { firstMs: timing.retryFirstMs / 20, longestMs: timing.retryLongestMs / 10 }
    : { firstMs: timing.retryFirstMs, longestMs: timing.retryLongestMs };
  const askedMs = Math.min((error.details.retryAfterSeconds ?? 0) * 1000, longestAskedPauses * timing.retryLongestMs);
  const restMs = Math.max(askedMs, backoffMs(attempts.count, bounds, random()));
  if (!isConflict) log.warn({ target, code: error.code, restMs }, 'Rancher did not do it, will be tried again');
  return { restMs, why: 'backoff' };
}

/** Wakes callers whose execution ended with a commit, and says what the lane does next. */
export function afterCommit({ context }: Turn, committed: Committed): Next {
  if (committed.kind === 'lane-lost') return 'again';
  for (const { executionId } of committed.finished) context.waiters.wake(executionId, { kind: 'look-up' });
  return committed.next === 'rest' ? 'rest' : 'again';
}

/** How an item ends that its driver decided, or whose change was carried out. */
export function endOf(decision: Decision): ItemEnd {
  const { outcome, itemId, message, from, to, code } = decision;
  return {
    itemId,
    outcome: outcome === 'change' || outcome === 'wait' ? 'scaled' : outcome,
    message,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(code === undefined ? {} : { code }),
    ...(outcome === 'failed' ? { applied: 'no' as const } : {}),
  };
}

/** How an item ends for which nothing was sent; of one that may have been sent before the store says so. */
export function failedItem({ itemId }: WaitingItem, code: ErrorCode, message: string): ItemEnd {
  return { itemId, outcome: 'failed', code, applied: 'no', message };
}
