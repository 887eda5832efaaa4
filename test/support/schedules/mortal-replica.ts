import { randomUUID } from 'node:crypto';
import { drivers } from '../../../src/drivers/drivers.ts';
import { startExecutions, type Executions } from '../../../src/executions/executions.ts';
import type { Timing } from '../../../src/executions/timing.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import type { Store } from '../../../src/storage/store.ts';

/** A replica of this process that can die as SIGKILL would have it. */
export interface MortalReplica {
  readonly executions: Executions;
  /** From now on nothing it does reaches the store or Rancher, and nothing reaches it; what is on the wire lands. */
  die(): void;
  /** Resolves once no trigger is being stored any more: a dead one's last commit may still be on its way. */
  stored(): Promise<void>;
}

export interface MortalReplicaOptions {
  readonly store: Store;
  readonly rancher: Rancher;
  readonly timing: Partial<Timing>;
}

/** Starts executions whose store and whose Rancher fall silent when it dies. */
export function startMortalReplica({ store, rancher, timing }: MortalReplicaOptions): MortalReplica {
  const life = { isOver: false };
  const storing = new Set<Promise<unknown>>();
  const { services } = rancher;
  const mortalRancher: Rancher = {
    ...rancher,
    services: {
      ...silenced(services, life),
      update: (id, body, options = {}) =>
        untilDeath(life, () =>
          services.update(id, body, {
            ...options,
            beforeSend() {
              options.beforeSend?.();
              if (life.isOver) throw new Error('this replica died before its bytes left');
            },
          }),
        ),
    },
  };
  const executions = startExecutions({
    store: {
      ...silenced(store, life),
      isShared: store.isShared,
      watch: (watcher) => store.watch(watcher),
      // The caller's connection breaks; whether his trigger was stored he cannot know.
      async accept(accepted) {
        if (life.isOver) throw new Error('this replica is dead');
        const accepting = store.accept(accepted);
        storing.add(accepting);
        const acceptances = await accepting.finally(() => storing.delete(accepting));
        if (life.isOver) throw new Error('this replica died while it stored the trigger');
        return acceptances;
      },
    },
    drivers: new Map(drivers.map((driver) => [driver.id, driver])),
    rancher: () => mortalRancher,
    isLive: async () => true,
    holder: randomUUID(),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    timing,
  });
  return {
    executions,
    die() {
      life.isOver = true;
      // Ends its timers; what it waits for never comes.
      void executions.close();
    },
    async stored() {
      await Promise.allSettled(storing);
    },
  };
}

interface Life {
  isOver: boolean;
}

function silenced<T extends object>(whole: T, life: Life): T {
  const silence = ([name, member]: [string, unknown]): [string, unknown] => [
    name,
    typeof member === 'function'
      ? (...parameters: unknown[]) => untilDeath(life, async () => member.apply(whole, parameters) as unknown)
      : member,
  ];
  return Object.fromEntries(Object.entries(whole).map(silence)) as T;
}

/** What `call` comes to; never, once it is over. */
async function untilDeath<T>(life: Life, call: () => Promise<T>): Promise<T> {
  if (life.isOver) return new Promise<T>(() => undefined);
  const outcome = await call().then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  if (life.isOver) return new Promise<T>(() => undefined);
  return outcome();
}
