import type { HistoryFilter, StoredAttempt, StoredExecution, StoredItem } from '../storage/stored-execution.ts';

/** One item of an execution: what happened to one target. */
type ExecutionItem = Omit<StoredItem, 'changeId'>;

/** One attempt to carry out a change that this execution waited for. */
interface Attempt extends Omit<StoredAttempt, 'target' | 'atMs'> {
  /** ISO 8601. */
  readonly at: string;
}

type AsStored = Omit<StoredExecution, 'seq' | 'state' | 'acceptedAtMs' | 'finishedAtMs' | 'items' | 'attempts'>;

/** One accepted trigger, as the history shows it: no body, no key, no secret. */
export interface Execution extends AsStored {
  readonly state: ExecutionItem['state'];
  /** ISO 8601, database clock. */
  readonly acceptedAt: string;
  readonly finishedAt?: string;
  readonly items: readonly ExecutionItem[];
  readonly attempts: readonly Attempt[];
}

/** Filters of the history; all given ones must hold. */
export interface ExecutionFilter extends Omit<HistoryFilter, 'acceptedFromMs' | 'acceptedBeforeMs' | 'beforeSeq'> {
  /** ISO 8601, inclusive. */
  readonly acceptedFrom?: string;
  readonly acceptedBefore?: string;
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
