import type { ItemEnd } from '../storage/rounds.ts';

/** What a waiting caller is woken with: how its only item ended, or that the rest is to be read from the store. */
export type Ending =
  { readonly kind: 'item'; readonly end: ItemEnd } | { readonly kind: 'look-up' } | { readonly kind: 'not-yet' };

/** The callers of this process that wait for their execution to end. */
export interface Waiters {
  /** Resolves with `not-yet` once `forMs` has passed; never rejects. */
  wait(executionId: string, forMs: number): Promise<Ending>;
  /** Wakes whoever waits for this execution; nobody may. */
  wake(executionId: string, ending: Ending): void;
  /** The executions somebody waits for just now. */
  awaited(): readonly string[];
  /** Ends all waiting: work goes on, or is picked up after a restart. */
  dismiss(): void;
}

export function createWaiters(): Waiters {
  const waiting = new Map<string, Set<(ending: Ending) => void>>();

  const leave = (executionId: string, resolve: (ending: Ending) => void) => {
    const others = waiting.get(executionId);
    others?.delete(resolve);
    if (others?.size === 0) waiting.delete(executionId);
  };

  return {
    wait: (executionId, forMs) =>
      new Promise((resolve) => {
        const wake = (ending: Ending) => {
          clearTimeout(timer);
          leave(executionId, wake);
          resolve(ending);
        };
        const timer = setTimeout(() => wake({ kind: 'not-yet' }), forMs);
        const others = waiting.get(executionId) ?? new Set();
        waiting.set(executionId, others.add(wake));
      }),
    wake(executionId, ending) {
      for (const wake of Array.from(waiting.get(executionId) ?? [])) wake(ending);
    },
    awaited: () => [...waiting.keys()],
    dismiss() {
      for (const executionId of waiting.keys()) this.wake(executionId, { kind: 'not-yet' });
    },
  };
}
