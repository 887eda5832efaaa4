import { NotKept, type Committed, type HeldLane, type RoundToCommit } from '../storage/rounds.ts';
import { decide, type Undecided } from './deciding.ts';
import type { LaneContext } from './lane-context.ts';

// A database is not kept busy with what waits for a slow Rancher: there a commit more or less is not felt.
const keptReadyForMs = 100;

/** A decision that is made ready, and committed only if the reading shows what was foreseen. */
export interface Foreseen {
  /** Commits `round` if it is the one that was made ready; undefined when it is not, or could not be kept: nothing is stored then. */
  commit(round: RoundToCommit): Promise<Committed | undefined>;
  drop(): void;
}

/**
 * Makes the decision ready that a round will most likely come to, while its target is still being read: as if nobody but us had touched
 * the target since our last change. Only the commit itself is left to be waited for once the reading is there. What is committed is
 * decided on that reading, as always (design §5.3); see docs/adr/0040.
 */
export function foresee(
  { store, gate, reached }: Pick<LaneContext, 'store' | 'gate' | 'reached'>,
  undecided: Undecided & { readonly round: Pick<HeldLane, 'latest'> },
): Foreseen | undefined {
  const { driver, round } = undecided;
  // Where others are at work, a database that is kept waiting by one of them costs more than it saves.
  if (gate.running > 1 || driver.foresee === undefined || round.latest?.driver !== driver.id) return undefined;
  const toCommit = guess(undecided, round.latest.body);
  if (toCommit?.change === undefined || toCommit.ended.length > 0) return undefined;

  const { promise: once, resolve: keep, reject } = Promise.withResolvers<void>();
  const drop = (): void => reject(new Error('not wanted'));
  const timer = setTimeout(drop, keptReadyForMs);
  const committed = store.commitRound({ ...toCommit, once });
  committed.catch(() => undefined);
  reached('made-ready');
  const text = JSON.stringify(toCommit);
  return {
    async commit(decided) {
      clearTimeout(timer);
      const isWanted = JSON.stringify(decided) === text;
      if (isWanted) keep();
      else drop();
      return committed.catch((error: unknown) => {
        // What was not wanted was not committed, whatever else went wrong with it; what was may have been.
        if (error instanceof NotKept || !isWanted) return undefined;
        throw error;
      });
    },
    drop() {
      clearTimeout(timer);
      drop();
    },
  };
}

/** A guess must not cost a round: of a change of another version it may not be possible. */
function guess(undecided: Undecided, latest: unknown): RoundToCommit | undefined {
  try {
    return decide(undecided, undecided.driver.foresee?.(latest)).toCommit;
  } catch {
    return undefined;
  }
}
