import type { Outcome } from '../domain/outcome.ts';
import type { Execution } from './execution.ts';

/** Ends after which asking once more may come to something else; the others did what was asked, or will say the same again. */
export const retryableOutcomes = [
  'failed',
  'superseded',
  'partial',
  'limit-reached',
  'cooling-down',
] as const satisfies readonly Outcome[];

/** Whether nothing of it was begun: a change that is under way may have been sent. */
export function isCancellable({ state, items }: Pick<Execution, 'state' | 'items'>): boolean {
  return state === 'waiting' && items.length > 0 && items.every((item) => item.state === 'waiting');
}

/** Whether it ended in a way that another decision may mend. */
export function isRetryable({ outcome }: Pick<Execution, 'outcome'>): boolean {
  return retryableOutcomes.some((retryable) => retryable === outcome);
}
