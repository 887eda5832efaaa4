import type { Acceptance, NewExecution } from './store.ts';

export type Accept = (executions: readonly NewExecution[]) => Promise<readonly Acceptance[]>;

/**
 * While one batch is being stored, what arrives meanwhile is gathered into the next: a storm pays for few disk flushes. The first
 * is begun by `begin`, at once or a little later.
 */
export function batched(accept: Accept, begin: (storing: () => void) => void): Accept {
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
      begin(() => void storeGathered());
    });
}
