import type { Target } from '../domain/target.ts';
import type { LaneContext } from './lane-context.ts';

/** With a shared store: hears what other replicas do, and asks for what may have been missed. */
export function watchOtherReplicas(
  { store, waiters, timing, log }: LaneContext,
  poke: (target: Target) => void,
): () => void {
  if (!store.isShared) return () => undefined;
  const wake = (executionIds: readonly string[]): void => {
    for (const executionId of executionIds) waiters.wake(executionId, { kind: 'look-up' });
  };
  const stop = store.watch({ finished: wake, waiting: poke });
  let isAsking = false;
  const timer = setInterval(() => {
    const awaited = waiters.awaited();
    if (isAsking || awaited.length === 0) return;
    isAsking = true;
    store
      .finishedAmong(awaited)
      .then(wake, (error: unknown) => log.error({ err: error }, 'could not ask how awaited executions ended'))
      .finally(() => {
        isAsking = false;
      });
  }, timing.pollEveryMs);
  return () => {
    clearInterval(timer);
    stop();
  };
}
