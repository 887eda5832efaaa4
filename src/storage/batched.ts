import type { Acceptance, NewExecution } from './store.ts';

export type Accept = (executions: readonly NewExecution[]) => Promise<readonly Acceptance[]>;

/**
 * Gathers what arrives in one turn of the event loop, and while one batch is being stored the next: a storm pays for few disk flushes.
 * What whoever arrives has to ask Rancher leaves first, as that takes longer than storing.
 */
export function batched(accept: Accept): Accept {
  interface Gathered {
    readonly executions: readonly NewExecution[];
    readonly resolve: (acceptances: readonly Acceptance[]) => void;
    readonly reject: (error: unknown) => void;
  }
  let gathered: Gathered[] = [];
  let isStoring = false;

  const storeGathered = async (): Promise<void> => {
    while (gathered.length > 0) {
      const batch = gathered;
      gathered = [];
      try {
        const acceptances = await accept(batch.flatMap(({ executions }) => executions));
        let first = 0;
        for (const { executions, resolve } of batch) {
          resolve(acceptances.slice(first, first + executions.length));
          first += executions.length;
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isStoring = false;
  };

  return (executions) =>
    new Promise((resolve, reject) => {
      gathered.push({ executions, resolve, reject });
      if (isStoring) return;
      isStoring = true;
      setImmediate(() => void storeGathered());
    });
}
