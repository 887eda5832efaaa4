import type { StoredHeartbeat } from './heartbeat.ts';

/** Another installation than ours in an environment. */
export interface Sighting {
  readonly projectId: string;
  readonly installation: string;
  readonly version: string;
  readonly host: string;
}

interface Seen extends Sighting {
  readonly beat: string;
  /** When the beat was first seen as it is. */
  readonly sinceMs: number;
  /** Whether it was ever seen to change: what a crash left behind does not. */
  readonly isProven: boolean;
}

export interface SightingTimes {
  /** An installation whose beat has not changed for so long is dead. */
  readonly staleAfterMs: number;
  /** What is dead for so long is litter. */
  readonly litterAfterMs: number;
}

/**
 * What has been seen of other installations. Only changes of their beats count, by our own monotonic clock: clocks of several
 * machines differ, and Rancher does not say when an object was last written.
 */
export class Sightings {
  readonly #times: SightingTimes;
  readonly #seen = new Map<string, Seen>();

  constructor(times: SightingTimes) {
    this.#times = times;
  }

  /** Takes in what was read of an environment; answers the object ids of litter. */
  note(projectId: string, others: readonly StoredHeartbeat[], nowMs: number): readonly string[] {
    const litter: string[] = [];
    const present = new Set<string>();
    for (const { installation, version, host, beat, objectId } of others) {
      const name = `${projectId}/${objectId}`;
      present.add(name);
      const before = this.#seen.get(name);
      if (before?.beat === beat) {
        if (nowMs - before.sinceMs > this.#times.litterAfterMs) litter.push(objectId);
        continue;
      }
      const isProven = before !== undefined;
      this.#seen.set(name, { projectId, installation, version, host, beat, sinceMs: nowMs, isProven });
    }
    for (const [name, { projectId: of }] of this.#seen)
      if (of === projectId && !present.has(name)) this.#seen.delete(name);
    return litter;
  }

  /** Others that were seen to live, and others of which it is not known yet. */
  at(nowMs: number): { readonly live: readonly Sighting[]; readonly undecided: readonly Sighting[] } {
    const recent = [...this.#seen.values()].filter(({ sinceMs }) => nowMs - sinceMs <= this.#times.staleAfterMs);
    return {
      live: recent.filter(({ isProven }) => isProven),
      undecided: recent.filter(({ isProven }) => !isProven),
    };
  }
}
