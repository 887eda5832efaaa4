import type { Applied, ErrorCode } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Target } from '../domain/target.ts';

/** What an execution, or one of its items, came to. */
interface Ending {
  /** Set once finished. */
  readonly outcome?: Outcome;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly applied?: Applied;
  readonly from?: number;
  readonly to?: number;
}

/** A stored execution with its items and attempts, times in milliseconds since 1970. */
export interface StoredExecution extends Ending {
  readonly seq: number;
  readonly id: string;
  readonly projectId: string;
  readonly receiverId: string;
  readonly receiverName: string;
  readonly driver: string;
  readonly format: string;
  /** Why it fires or is ignored, in the format's words. */
  readonly reason: string;
  readonly state: 'waiting' | 'finished';
  readonly acceptedAtMs: number;
  readonly finishedAtMs?: number;
  readonly items: readonly StoredItem[];
  readonly attempts: readonly StoredAttempt[];
}

export interface StoredItem extends Ending {
  readonly target: Target;
  readonly state: 'waiting' | 'under-way' | 'finished';
  readonly changeId?: string;
}

export interface StoredAttempt {
  readonly target: Target;
  readonly atMs: number;
  readonly result: string;
  readonly code?: ErrorCode;
}

export interface HistoryFilter {
  readonly projectId: string;
  readonly receiverId?: string;
  readonly target?: Target;
  readonly outcome?: Outcome;
  /** `under-way`: not finished, and something of it was begun. */
  readonly state?: 'waiting' | 'under-way' | 'finished';
  readonly acceptedFromMs?: number;
  readonly acceptedBeforeMs?: number;
  readonly beforeSeq?: number;
  readonly limit: number;
}
