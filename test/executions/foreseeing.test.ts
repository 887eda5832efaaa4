import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Store } from '../../src/storage/store.ts';
import { startBench, type Bench } from '../support/executions-under-test.ts';
import { useEngines } from '../support/stores.ts';

const engines = useEngines();

describe.each(engines)('executions/foreseeing on $engine', ({ open }) => {
  let bench: Bench;
  let serviceId: string;
  /** For each round: whether it was made ready before its reading was there. */
  let rounds: boolean[];

  beforeEach(async () => {
    // Long enough for a decision to be made ready meanwhile.
    bench = await startBench({ readLatencyMs: 60, writeLatencyMs: 0 });
    serviceId = bench.sandbox.addService({ projectId: '1a5', scale: 2 });
    rounds = [];
  });
  afterEach(() => bench.close());

  const start = async (differing: Partial<Store> = {}) => {
    const store = await open();
    const watched: Store = {
      ...store,
      commitRound(round) {
        rounds.push(round.once !== undefined);
        return store.commitRound(round);
      },
      ...differing,
    };
    // Nothing else asks the store of itself: SQLite keeps nothing ready in the way of others.
    const rarely = 60_000;
    const timing = { sweepEveryMs: rarely, followEveryMs: rarely, pollEveryMs: rarely };
    const replica = await bench.addReplica({ store: watched, timing });
    // What the first one leaves is foreseen; that nobody else had the lane is known on a shared store from the second one on.
    await replica.scale({ serviceId });
    await replica.scale({ serviceId });
    rounds = [];
    return replica;
  };
  /** Repeats it until its rounds were these: on a busy machine a reading may come too soon or too late for anything to be made ready. */
  const untilRounds = async (wanted: readonly boolean[], once: () => Promise<void>): Promise<void> => {
    for (let tries = 0; tries < 20 && JSON.stringify(rounds) !== JSON.stringify(wanted); tries += 1) {
      rounds = [];
      await once();
    }
    expect(rounds).toEqual(wanted);
  };
  const toHand = (scale: number) => bench.connect().services.update(serviceId, { scale });

  it('makes a decision ready while its target is read, and commits it once the reading shows what was foreseen', async () => {
    const replica = await start();

    await untilRounds([true], async () => {
      const from = bench.scaleOf(serviceId);
      const { execution } = await replica.scale({ serviceId });
      expect(execution).toMatchObject({ outcome: 'scaled', from, to: from + 1 });
      expect(bench.scaleOf(serviceId)).toBe(from + 1);
    });
  });

  it('decides on what is read and not on what was foreseen', async () => {
    const replica = await start();

    await untilRounds([true, false], async () => {
      const from = bench.scaleOf(serviceId) + 4;
      await toHand(from);
      const { execution } = await replica.scale({ serviceId });
      expect(execution).toMatchObject({ outcome: 'scaled', from, to: from + 1 });
      expect(bench.scaleOf(serviceId)).toBe(from + 1);
      const { items, attempts } = await replica.ended(execution.id);
      expect(items).toMatchObject([{ from, to: from + 1 }]);
      // Where a round before had to be tried again its end may have been noted after this trigger came.
      expect(new Set(attempts.map(({ result }) => result))).toEqual(new Set(['done']));
    });
  });

  it('sends nothing and stores no change for a bound that only the reading shows', async () => {
    const replica = await start();
    await toHand(5);

    const { execution } = await replica.scale({ serviceId, max: 5 });

    expect(execution).toMatchObject({ outcome: 'limit-reached', from: 5 });
    expect(bench.scaleOf(serviceId)).toBe(5);
    expect((await replica.ended(execution.id)).items).toMatchObject([{ outcome: 'limit-reached' }]);
  });

  it('keeps nothing ready for a reading that takes long, and none that fails', async () => {
    const replica = await start();
    const read = { method: 'GET', path: /services/ } as const;
    bench.sandbox.faults.add({ ...read, fault: { kind: 'delay', ms: 200, when: 'before-acting' } });
    const slow = (await replica.scale({ serviceId })).execution;
    bench.sandbox.faults.add({ ...read, times: 2, fault: { kind: 'status', status: 500, when: 'before-acting' } });
    const failed = (await replica.scale({ serviceId })).execution;

    expect([slow, failed]).toMatchObject([
      { outcome: 'scaled', from: 4, to: 5 },
      { outcome: 'scaled', from: 5, to: 6 },
    ]);
    expect(bench.scaleOf(serviceId)).toBe(6);
  });

  it('makes nothing ready while other lanes are at work', async () => {
    const others = [1, 2, 3].map(() => bench.sandbox.addService({ projectId: '1a5', scale: 2 }));
    const replica = await start();
    const all = [serviceId, ...others];
    await Promise.all(all.map((id) => replica.scale({ serviceId: id })));
    rounds = [];

    await Promise.all(all.map((id) => replica.scale({ serviceId: id })));

    expect(rounds.filter((isMadeReady) => isMadeReady).length).toBeLessThanOrEqual(1);
    expect(all.map((id) => bench.scaleOf(id))).toEqual([6, 4, 4, 4]);
  });
});
