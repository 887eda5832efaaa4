import type { Signal } from '../domain/signal.ts';
import type { Target } from '../domain/target.ts';
import type {
  ChangeToClose,
  Committed,
  FollowedChange,
  FollowedStep,
  HeldLane,
  ItemEnd,
  LaneElsewhere,
  NewAttempt,
  RoundToCommit,
  RoundToOpen,
} from './rounds.ts';
import type { HistoryFilter, StoredExecution } from './stored-execution.ts';

/** A key by which the same event is told again, or a signature that counts once; hashes only. */
export interface SeenKey {
  readonly kind: 'event' | 'request' | 'signature';
  readonly hash: string;
  /** The same `request` key with another body is a mistake of the caller. */
  readonly bodyHash: string;
  readonly livesForMs: number;
}

export interface NewExecution {
  readonly id: string;
  readonly projectId: string;
  readonly receiverId: string;
  readonly receiverName: string;
  readonly driver: string;
  readonly format: string;
  readonly config: unknown;
  readonly signal: Signal;
  /** What its driver keeps of the body, sealed; erased with the end of the execution. */
  readonly keptBody?: string;
  /** Where its outcome is to be posted, sealed; an ignored signal has no outcome worth posting. */
  readonly callback?: string;
  /** None for an ignored signal: it is finished as it is stored. */
  readonly targets: readonly Target[];
  readonly seenKeys: readonly SeenKey[];
  /** From acceptance to send. */
  readonly sendWithinMs: number;
  /** Executions that may wait on one target; past it nothing is stored. */
  readonly laneLimit: number;
  /** Begins a round in the same commit: an idle lane need not pay for a second one. */
  readonly open?: RoundToOpen;
  /**
   * Nobody is told of it before its decision is committed, or for seconds, and then only its one caller: its own commit need not wait
   * for the disk, nor need other replicas hear of its end.
   */
  readonly isToldLater?: boolean;
}

export type Acceptance =
  | { readonly kind: 'accepted'; readonly opened?: HeldLane | LaneElsewhere }
  | { readonly kind: 'duplicate'; readonly executionId: string }
  | { readonly kind: 'request-key-reused' }
  | { readonly kind: 'replayed' }
  | { readonly kind: 'lane-full' };

/** The outcome of an execution that is to be posted now. */
export interface DueCallback {
  readonly executionId: string;
  readonly destination: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Since the execution ended. */
  readonly ageMs: number;
}

/** What the replicas that share a store tell each other. A message may be lost; whoever waits asks again by himself. */
export interface StoreWatcher {
  /** These executions ended, here or elsewhere. */
  finished(executionIds: readonly string[]): void;
  /** Something new waits on a lane that another replica held when it was accepted. */
  waiting(target: Target): void;
}

/**
 * The small database behind the executions: named operations, one transaction each, the same on every engine.
 * All throw ServiceError STORE_UNAVAILABLE when the database cannot do it (disk full, connection lost); nothing is half-stored then.
 */
export interface Store {
  /** Whether other processes may use it at the same time. */
  readonly isShared: boolean;
  /** Hears what other replicas do, until the returned function is called; nothing is heard from a store that is not shared. */
  watch(watcher: StoreWatcher): () => void;
  /** Which of these executions have ended. */
  finishedAmong(executionIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Stores triggers; answered in the order given. Accepted means durable. One whose answer was lost (`isInDoubt`) may be given again, and is
   * stored once.
   */
  accept(executions: readonly NewExecution[]): Promise<readonly Acceptance[]>;
  /** Takes or keeps the lane and reads what waits there. */
  openRound(round: RoundToOpen): Promise<HeldLane | LaneElsewhere>;
  /**
   * Stores a round's decisions, and its change before anything of it is sent. @throws NotKept only with `once`: nothing of the round stands.
   */
  commitRound(round: RoundToCommit): Promise<Committed>;
  /** Notes that a write of the change is in doubt for so long, so that a restart knows. */
  markDoubt(input: {
    readonly target: Target;
    readonly epoch: number;
    readonly changeId: string;
    readonly doubtMs: number;
    /** The write was not the first of this change. */
    readonly isSentAgain: boolean;
    readonly attempt: NewAttempt;
  }): Promise<Committed>;
  closeChange(close: ChangeToClose): Promise<Committed>;
  /** Claims changes under way that are due and that nobody looks after just now. */
  claimFollowed(input: {
    readonly holder: string;
    readonly leaseMs: number;
    readonly limit: number;
  }): Promise<readonly FollowedChange[]>;
  /** Notes what became of a claimed change; `lane-lost` when the claim is somebody else's by now. */
  stepFollowed(step: FollowedStep): Promise<Committed>;
  /** Claims callbacks of ended executions that are due and that nobody is posting just now. */
  claimCallbacks(input: {
    readonly holder: string;
    readonly leaseMs: number;
    readonly limit: number;
  }): Promise<readonly DueCallback[]>;
  /** `over`: posted, or given up; `again`: after so long. False when the claim is somebody else's by now. */
  settleCallback(input: {
    readonly executionId: string;
    readonly holder: string;
    readonly next: { readonly kind: 'over' } | { readonly kind: 'again'; readonly afterMs: number };
  }): Promise<boolean>;
  /**
   * Ends an execution of which nothing is sent, as failed and proven not applied; `begun` when something of it is under way, or may
   * have been sent.
   * Whoever waits for it elsewhere is told.
   */
  cancel(input: {
    readonly executionId: string;
    readonly end: Required<Pick<ItemEnd, 'code' | 'message'>>;
  }): Promise<'cancelled' | 'begun' | 'finished' | 'unknown'>;
  /** Gives the lane up, so that another replica need not wait for the lease. */
  releaseLane(input: { readonly target: Target; readonly epoch: number }): Promise<void>;
  /** What `plan` needs of a target that nobody holds: for a dry run. */
  readLaneHistory(input: { readonly target: Target }): Promise<{ readonly sinceLastEffectiveChangeMs?: number }>;
  /** Ends every lease there is: only for an engine whose file no other process can have open. */
  endAllLeases(): Promise<void>;
  /**
   * Brings back what lies further ahead than it can have been written: the clock was set back since. A dead holder's lease, a doubt
   * or a look at a change would else last for as long as that.
   */
  boundTimes(longest: {
    readonly leaseMs: number;
    readonly doubtMs: number;
    readonly lateWriteMs: number;
  }): Promise<void>;
  /** Targets with something unfinished whose lane nobody holds just now. */
  idleTargets(input: { readonly limit: number }): Promise<readonly Target[]>;
  /** How much is accepted and not finished, and for how long the oldest of it has been. */
  measureUnfinished(): Promise<{ readonly count: number; readonly oldestAgeMs?: number }>;
  findExecution(id: string): Promise<StoredExecution | undefined>;
  /** What an execution was asked for with. */
  findSignal(executionId: string): Promise<Signal | undefined>;
  listExecutions(filter: HistoryFilter): Promise<readonly StoredExecution[]>;
  /**
   * Removes finished executions past an age, or so many numbers behind the newest, with everything that belongs to them: a
   * bounded number at a time, the oldest first, by one replica at a time. Answers how many.
   */
  prune(input: { readonly olderThanMs: number; readonly keep: number; readonly atMost: number }): Promise<number>;
  /** The name of the installation that this database belongs to: the first one proposed, for all replicas and for good. */
  installationId(proposed: string): Promise<string>;
  /** Throws when the database does not answer, or cannot store anything just now. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
