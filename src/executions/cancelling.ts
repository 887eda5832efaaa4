import { ServiceError } from '../domain/errors.ts';
import type { Store } from '../storage/store.ts';
import type { Execution } from './execution.ts';
import { toExecution } from './history.ts';
import type { Waiters } from './waiters.ts';

/**
 * Ends an execution of this environment of which nothing was sent yet, as failed, proven not applied, and tells whoever
 * waits for it. @throws ServiceError NOT_FOUND, ACTION_NOT_AVAILABLE naming what became of it.
 */
export async function cancelExecution(
  { store, waiters }: { readonly store: Store; readonly waiters: Pick<Waiters, 'wake'> },
  projectId: string,
  executionId: string,
): Promise<Execution> {
  const before = await store.findExecution(executionId);
  if (before?.projectId !== projectId) throw executionUnknown(executionId);
  const end = { code: 'CANCELLED', message: 'cancelled by hand before anything was sent' } as const;
  const became = await store.cancel({ executionId, end });
  if (became === 'cancelled') {
    waiters.wake(executionId, { kind: 'look-up' });
    // It is cancelled whether or not the database can still be asked for it.
    const cancelled = await store.findExecution(executionId).catch(() => undefined);
    const ended = { ...end, state: 'finished', outcome: 'failed', applied: 'no', finishedAtMs: Date.now() } as const;
    return toExecution(cancelled ?? { ...before, ...ended });
  }
  const after = await store.findExecution(executionId);
  if (after === undefined) throw executionUnknown(executionId);
  const what = became === 'begun' ? 'is under way' : `ended as ${after.outcome ?? after.state}`;
  throw new ServiceError(
    'ACTION_NOT_AVAILABLE',
    `execution ${executionId} ${what}; only what waits and was not begun can be cancelled`,
    { fieldName: 'action' },
  );
}

/** For an id that this environment does not have. */
export function executionUnknown(executionId: string): ServiceError {
  return new ServiceError('NOT_FOUND', `there is no execution ${executionId.slice(0, 64)} in this environment`);
}
