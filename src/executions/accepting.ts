import { setTimeout as pause } from 'node:timers/promises';
import { hasCode, ServiceError } from '../domain/errors.ts';
import type { Acceptance, NewExecution, Store } from '../storage/store.ts';

// PostgreSQL is back within them when it was only restarted.
const pausesInDoubtMs = [100, 400, 1_000, 2_000];

/** Stores one trigger. @throws ServiceError what `Store.accept` throws, and STORE_IN_DOUBT when nobody can tell whether it was stored. */
export async function acceptOne(store: Store, execution: NewExecution): Promise<Acceptance> {
  const accept = () => store.accept([execution]);
  const [acceptance] = await accept().catch((error: unknown) => {
    if (!isInDoubt(error)) throw error;
    return acceptAgain(accept);
  });
  if (acceptance === undefined) throw new ServiceError('INTERNAL', 'the store did not answer for a trigger');
  return acceptance;
}

/**
 * Asks once more for what may have been stored when its answer was lost. The caller must not be told that nothing was done when it
 * was: he would repeat it, and both would count.
 */
async function acceptAgain(accept: () => ReturnType<Store['accept']>): ReturnType<Store['accept']> {
  let cause: unknown;
  for (const pauseMs of pausesInDoubtMs) {
    await pause(pauseMs);
    try {
      return await accept();
    } catch (error) {
      cause = error;
    }
  }
  throw new ServiceError('STORE_IN_DOUBT', 'the answer to an acceptance was lost, and the database did not come back', {
    cause,
  });
}

function isInDoubt(error: unknown): boolean {
  return hasCode(error, 'STORE_UNAVAILABLE') && error.details.isInDoubt === true;
}
