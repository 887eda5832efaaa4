import type { LaneHistory, AnyDriver, Decision } from '../drivers/driver.ts';
import type { HeldLane, ItemEnd, RoundToCommit, WaitingItem } from '../storage/rounds.ts';
import { endOf } from './turn.ts';

/** What a round decides on. */
export interface Undecided {
  readonly driver: AnyDriver;
  readonly round: Pick<HeldLane, 'epoch' | 'sinceLastEffectiveChangeMs'>;
  readonly target: RoundToCommit['target'];
  /** Items that end whatever the target shows. */
  readonly dead: readonly ItemEnd[];
  readonly living: readonly WaitingItem[];
  /** Of the change, should there be one. */
  readonly changeId: string;
}

export interface Decided {
  readonly toCommit: RoundToCommit;
  /** Of the items that wait for the change. */
  readonly changing: readonly Decision[];
  readonly againAfterMs: number | undefined;
}

/** Decides everything that waits as the target shows it. */
export function decide({ driver, round, target, dead, living, changeId }: Undecided, snapshot: unknown): Decided {
  const { epoch, sinceLastEffectiveChangeMs } = round;
  const history: LaneHistory = sinceLastEffectiveChangeMs === undefined ? {} : { sinceLastEffectiveChangeMs };
  const { decisions, change, againAfterMs } = driver.plan(
    living.map(({ itemId, config, signal, keptBody }) => ({
      itemId,
      config,
      signal,
      ...(keptBody === undefined ? {} : { keptBody }),
    })),
    snapshot,
    history,
  );
  const changing = decisions.filter(({ outcome }) => outcome === 'change');
  return {
    toCommit: {
      target,
      epoch,
      ended: [...dead, ...decisions.filter(isEnding).map(endOf)],
      ...(change === undefined ? {} : { change: { changeId, driver: driver.id, body: change, items: changing } }),
    },
    changing,
    againAfterMs,
  };
}

function isEnding({ outcome }: Decision): boolean {
  return outcome !== 'change' && outcome !== 'wait';
}
