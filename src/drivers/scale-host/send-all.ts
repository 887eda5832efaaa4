import { hasCode, type ServiceError } from '../../domain/errors.ts';

// A hundred machines are asked for in seconds, and Rancher keeps answering others.
const atOnce = 4;

/**
 * Sends for each item, a few at once. The first error ends it as soon as everything under way has ended; of several the one that
 * leaves a write in doubt for longest is thrown, because it decides what the lane does next, whatever else went wrong beside it.
 */
export async function sendAll<T>(items: readonly T[], send: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const errors: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && errors.length === 0; next = queue.shift()) {
      try {
        await send(next);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (errors.length > 0) throw errors.find(mayBeUnderWay) ?? errors.find(isInDoubt) ?? errors[0];
}

/** Whether what was sent may have been done. */
export function isInDoubt(error: unknown): error is ServiceError {
  return hasCode(error) && error.details.applied === 'unknown';
}

/** After a complete 500 of Rancher itself nothing is: what was cut off beside it would be sent again while it still may land. */
function mayBeUnderWay(error: unknown): boolean {
  return isInDoubt(error) && error.details.rancherStatus !== 500;
}
