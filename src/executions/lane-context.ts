import type { AnyDriver } from '../drivers/driver.ts';
import type { Rancher } from '../rancher/rancher.ts';
import type { Store } from '../storage/store.ts';
import type { Gate } from './gate.ts';
import type { Timing } from './timing.ts';
import type { Waiters } from './waiters.ts';

/** Named moments of a lane's work, in order; a test ends the process at each of them. */
export type Step =
  | 'accepted'
  | 'round-opened'
  | 'made-ready'
  | 'target-read'
  | 'round-committed'
  | 'sending'
  | 'replied'
  | 'change-closed'
  | 'doubt-noted'
  | 'doubt-looked-at'
  | 'follow-sending'
  | 'followed';

interface LaneLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What all lanes of a process share. */
export interface LaneContext {
  readonly store: Store;
  readonly drivers: ReadonlyMap<string, AnyDriver>;
  readonly rancher: (projectId: string) => Rancher;
  readonly isLive: (projectId: string, receiverId: string) => Promise<boolean>;
  /** This process, among those that share the store. */
  readonly holder: string;
  readonly timing: Timing;
  readonly waiters: Waiters;
  /** One push may touch hundreds of services; so many lanes talk to Rancher at once. */
  readonly gate: Gate;
  readonly log: LaneLog;
  /** In [0, 1); for jitter. */
  readonly random: () => number;
  /** Told each step as it is reached. */
  readonly reached: (step: Step) => void;
}
