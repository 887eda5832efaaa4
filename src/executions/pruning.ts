import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../storage/store.ts';

export interface PruningOptions {
  readonly store: Pick<Store, 'prune'>;
  /** `HISTORY_DAYS` and `HISTORY_LIMIT`: whatever is past one of them goes. */
  readonly history: { readonly days: number; readonly limit: number };
  readonly log: {
    info(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
  readonly timing?: Partial<PruningTiming>;
}

/** All milliseconds. */
interface PruningTiming {
  /** Before the first look: a start has better things to do. */
  readonly firstAfterMs: number;
  readonly everyMs: number;
  /** Between two bites, in which waiting triggers have the database for themselves. */
  readonly pauseMs: number;
}

const defaultTiming: PruningTiming = { firstAfterMs: 60_000, everyMs: 600_000, pauseMs: 100 };
// A bite of so many takes a few milliseconds; at one every tenth of a second a full table shrinks faster than triggers fill it.
const atMost = 200;
const dayMs = 86_400_000;

export interface Pruning {
  /** Waits for the bite that is being taken just now. */
  close(): Promise<void>;
}

/** Keeps the history within its bounds, in small bites, so that no trigger waits for it. */
export function startPruning({ store, history, log, timing }: PruningOptions): Pruning {
  const { firstAfterMs, everyMs, pauseMs } = { ...defaultTiming, ...timing };
  const bite = { olderThanMs: history.days * dayMs, keep: history.limit, atMost };
  const ending = new AbortController();
  const { signal } = ending;

  const run = async (): Promise<void> => {
    let waitMs = firstAfterMs;
    for (;;) {
      await pause(waitMs, undefined, { signal, ref: false });
      waitMs = everyMs;
      let removed = 0;
      try {
        for (;;) {
          const taken = await store.prune(bite);
          removed += taken;
          if (taken < atMost || signal.aborted) break;
          await pause(pauseMs, undefined, { signal, ref: false });
        }
      } catch (error) {
        if (signal.aborted) return;
        log.error({ err: error }, 'the history could not be pruned, will be tried again');
      }
      if (removed > 0) log.info({ removed }, 'old executions were removed from the history');
    }
  };
  // The only end is to be told so, in a pause.
  const working = run().catch(() => undefined);
  return {
    async close() {
      ending.abort();
      await working;
    },
  };
}
