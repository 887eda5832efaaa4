import type { Applied, ErrorCode } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Signal } from '../domain/signal.ts';
import type { Target } from '../domain/target.ts';

/** An item that waits in a lane. */
export interface WaitingItem {
  readonly itemId: string;
  readonly executionId: string;
  readonly projectId: string;
  readonly receiverId: string;
  readonly driver: string;
  readonly config: unknown;
  readonly signal: Signal;
  readonly keptBody?: string;
  /** Its execution has no other item: how this one ends is how the execution ends. */
  readonly isOnly: boolean;
  /** It was just accepted by this process, nobody can ask another replica for the same execution, and its outcome is posted nowhere. */
  readonly isOfOneCaller?: boolean;
  /** An earlier change of it was dropped although it may have been sent. However it ends, the store does not call it proven not applied. */
  readonly isMaybeSent?: true;
  readonly waitedMs: number;
  /** Negative once it is too late to send. */
  readonly sendWithinMs: number;
}

/** A change that was committed and whose sending is not known to have ended. */
export interface OpenChange {
  readonly changeId: string;
  readonly driver: string;
  readonly body: unknown;
  /** Milliseconds for which a write of it may still be under way; 0 or less once it cannot be. */
  readonly doubtForMs: number;
  /** It was sent more than once, or may have been: when one write has landed, another may still do so. */
  readonly isSentAgain: boolean;
  readonly ageMs: number;
}

/** A late write that may still land (design §5.2). */
export interface LateWrite {
  /** Changes of which a write may still land. */
  readonly inDoubt: readonly unknown[];
  readonly latest: unknown;
  readonly driver: string;
  readonly forMs: number;
}

/** Whose turn it would be, and for how long. */
export interface RoundToOpen {
  readonly target: Target;
  readonly holder: string;
  readonly leaseMs: number;
  /** How long a dead holder's write may still be under way after its lease. */
  readonly doubtMs: number;
}

/** What the holder of a lane finds when it begins a round. */
export interface HeldLane {
  readonly kind: 'held';
  readonly epoch: number;
  readonly waiting: readonly WaitingItem[];
  readonly open?: OpenChange;
  readonly sinceLastEffectiveChangeMs?: number;
  readonly lateWrite?: LateWrite;
  /** The last change of the target that was finished, by whomever of us. */
  readonly latest?: { readonly driver: string; readonly body: unknown };
}

/** Somebody else holds the lane and serves what waits there. */
export interface LaneElsewhere {
  readonly kind: 'elsewhere';
  readonly leaseLeftMs: number;
}

/** How one item ended. */
export interface ItemEnd {
  readonly itemId: string;
  readonly outcome: Outcome;
  readonly message: string;
  readonly from?: number;
  readonly to?: number;
  readonly code?: ErrorCode;
  readonly applied?: Applied;
}

export interface RoundToCommit {
  readonly target: Target;
  readonly epoch: number;
  /** Items that end in this round. */
  readonly ended: readonly ItemEnd[];
  /** The one change for the others. */
  readonly change?: {
    readonly changeId: string;
    readonly driver: string;
    readonly body: unknown;
    readonly items: readonly {
      readonly itemId: string;
      readonly message: string;
      readonly from?: number;
      readonly to?: number;
    }[];
  };
  readonly attempt?: NewAttempt;
  /**
   * It is committed when this is fulfilled, and made ready before as far as that can be done (a change and nothing else). It must settle soon:
   * what is kept ready is in the way of others.
   */
  readonly once?: Promise<unknown>;
}

/** What was made ready is not wanted after all, or could not be kept ready for so long: nothing of it stands. */
export class NotKept extends Error {
  override readonly name = 'NotKept';
}

export interface NewAttempt {
  readonly result: string;
  readonly code?: ErrorCode;
}

export interface ChangeToClose {
  readonly target: Target;
  readonly epoch: number;
  readonly changeId: string;
  readonly attempt: NewAttempt;
  /**
   * Nobody is left to hear of it: its items are all `isOnly` and `isOfOneCaller`, and each caller was told. A change that is done is then
   * closed in one round trip.
   */
  readonly isTold?: boolean;
  readonly end:
    | {
        readonly kind: 'ended';
        readonly state: 'done' | 'superseded' | 'failed';
        /** Outcome of every item of the change that `items` does not name. */
        readonly outcome: Outcome;
        readonly message?: string;
        readonly code?: ErrorCode;
        readonly applied?: Applied;
        readonly items?: readonly ItemEnd[];
        /** What holds in its place, as a change, when it was superseded. */
        readonly latest?: unknown;
        /** The write had been in doubt and may still land for so long. */
        readonly lateWriteForMs?: number;
      }
    /** Accepted and under way: the lane is free, and the change is looked after from now on. */
    | { readonly kind: 'following'; readonly message: string; readonly afterMs: number; readonly body?: unknown }
    /** Its items wait again; proven not applied, or `unknown`, which they then keep for good. */
    | { readonly kind: 'dropped'; readonly applied?: 'unknown' };
}

/** A change that somebody looks after until it ends. */
export interface FollowedChange {
  readonly changeId: string;
  readonly target: Target;
  readonly driver: string;
  readonly body: unknown;
  readonly ageMs: number;
}

export interface FollowedStep {
  readonly changeId: string;
  readonly target: Target;
  readonly holder: string;
  /** Absent when nothing worth telling happened. */
  readonly attempt?: NewAttempt;
  readonly end: Exclude<ChangeToClose['end'], { readonly kind: 'dropped' }>;
}

/** An execution that ended in the operation just committed, for the callers that wait for it. */
export interface FinishedExecution {
  readonly executionId: string;
  readonly outcome: Outcome;
}

/**
 * What a holder's commit did. `lane-lost`: nothing, because the lane is somebody else's by now or an item was decided meanwhile.
 * `next`: whether there is `more` to decide, a late write to `watch` for, or nothing; a shared lane is then given up in the same commit.
 */
export type Committed =
  | {
      readonly kind: 'committed';
      readonly finished: readonly FinishedExecution[];
      readonly next: 'more' | 'watch' | 'rest';
    }
  | { readonly kind: 'lane-lost' };
