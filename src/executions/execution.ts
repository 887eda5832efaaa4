import type { Applied, ErrorCode } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Target } from '../domain/target.ts';

/** One item of an execution: what happened to one target. */
interface ExecutionItem {
  readonly target: Target;
  readonly state: 'waiting' | 'under-way' | 'finished';
  readonly outcome?: Outcome;
  readonly from?: number;
  readonly to?: number;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly applied?: Applied;
}

/** One attempt to carry out a change that this execution waited for. */
interface Attempt {
  /** ISO 8601. */
  readonly at: string;
  readonly result: string;
  readonly code?: ErrorCode;
}

/** One accepted trigger, as the history shows it: no body, no key, no secret. */
export interface Execution {
  readonly id: string;
  readonly projectId: string;
  readonly receiverId: string;
  readonly receiverName: string;
  readonly driver: string;
  readonly format: string;
  /** Why it fires or is ignored, in the format's words. */
  readonly reason: string;
  readonly state: 'waiting' | 'under-way' | 'finished';
  /** Set once finished. */
  readonly outcome?: Outcome;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly applied?: Applied;
  readonly from?: number;
  readonly to?: number;
  /** ISO 8601, database clock. */
  readonly acceptedAt: string;
  readonly finishedAt?: string;
  readonly items: readonly ExecutionItem[];
  readonly attempts: readonly Attempt[];
}

/** Filters of the history; all given ones must hold. */
export interface ExecutionFilter {
  readonly projectId: string;
  readonly receiverId?: string;
  readonly target?: Target;
  readonly outcome?: Outcome;
  readonly state?: Execution['state'];
  /** ISO 8601, inclusive. */
  readonly acceptedFrom?: string;
  readonly acceptedBefore?: string;
  readonly limit: number;
  /** From the page before. */
  readonly cursor?: string;
}

interface ExecutionPage {
  readonly executions: readonly Execution[];
  readonly nextCursor?: string;
}

/** What the API shows of executions. */
export interface ExecutionHistory {
  find(projectId: string, executionId: string): Promise<Execution | undefined>;
  list(filter: ExecutionFilter): Promise<ExecutionPage>;
}
