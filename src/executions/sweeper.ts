import type { Target } from '../domain/target.ts';
import type { Store } from '../storage/store.ts';
import type { LaneContext } from './lane-context.ts';
import type { Timing } from './timing.ts';

interface Sweeper {
  stop(): void;
}

/** Finds unfinished work that nobody told this process about: after a start, of a dead replica, of a lost notification. */
export function startSweeper(
  store: Store,
  timing: Timing,
  log: LaneContext['log'],
  found: (target: Target) => void,
  tidy: () => void,
): Sweeper {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let isFirst = true;
  const { leaseMs, rancherTimeoutMs: doubtMs, lateWriteMs } = timing;
  const sweep = async (): Promise<void> => {
    try {
      // The clock of a store that is not shared is set at its opening only.
      if (isFirst || store.isShared) await store.boundTimes({ leaseMs, doubtMs, lateWriteMs });
      isFirst = false;
      for (const target of await store.idleTargets({ limit: 500 })) if (!isStopped) found(target);
      tidy();
    } catch (error) {
      log.error({ err: error }, 'could not look for unfinished work, will be tried again');
    }
    if (!isStopped) timer = setTimeout(() => void sweep(), timing.sweepEveryMs);
  };
  void sweep();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
