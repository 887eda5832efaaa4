import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { hasCode } from '../../src/domain/errors.ts';
import type { Target } from '../../src/domain/target.ts';
import type { Submitted } from '../../src/executions/submission.ts';
import type { Execution } from '../../src/executions/execution.ts';
import { startCuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.ts';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { startBench, type Bench, type Replica } from '../support/executions-under-test.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';

function targetOf(submitted: Submitted | undefined): Target {
  const target = submitted?.execution.items[0]?.target;
  if (target === undefined) throw new Error('the execution has no target');
  return target;
}

describe('executions on several replicas', () => {
  let postgres: PostgresServer;
  let bench: Bench;
  let serviceId: string;
  let url: string;

  beforeAll(async () => {
    postgres = await startPostgresServer();
  }, 60_000);
  afterAll(() => postgres.close());

  beforeEach(async () => {
    bench = await startBench();
    serviceId = bench.sandbox.addService({ projectId: '1a5', scale: 2 });
    url = await postgres.createDatabase();
  });
  afterEach(() => bench.close());

  async function addReplicas(count: number, timing = {}): Promise<readonly Replica[]> {
    // All at once: their migrations must not get in each other's way.
    return Promise.all(
      Array.from({ length: count }, async () => bench.addReplica({ store: await openPostgresStore({ url }), timing })),
    );
  }

  it('migrate one database although they start at once, and serve one lane together', async () => {
    const replicas = await addReplicas(3);

    const submitted = await Promise.all(
      replicas.flatMap((replica) => Array.from({ length: 50 }, () => replica.scale({ serviceId }))),
    );

    expect(submitted.every((one) => one.execution.outcome === 'scaled')).toBe(true);
    expect(new Set(submitted.map((one) => one.execution.to)).size).toBe(150);
    expect(bench.scaleOf(serviceId)).toBe(152);
  });

  it('lose no step of callers that come and go at all of them', async () => {
    const replicas = await addReplicas(3);
    bench.sandbox.latency.readMs = 4;
    bench.sandbox.latency.writeMs = 4;
    const calls = 25;
    const callers = Array.from({ length: 4 }, async (_, caller) => {
      for (let call = 0; call < calls; call += 1) {
        const submitted = await replicas[(caller + call) % replicas.length]?.scale({ serviceId });
        expect(submitted?.execution.outcome).toBe('scaled');
      }
    });
    await Promise.all(callers);
    expect(bench.scaleOf(serviceId)).toBe(2 + 4 * calls);
  });

  /** Scales twice, each time when the change before is noted as done: only who held the lane twice in a row reads early. */
  async function scaleTwice(replica: Replica): Promise<readonly Submitted[]> {
    const isNoted = async (): Promise<boolean> => {
      const { executions } = await replica.executions.list({ projectId: '1a5', limit: 100 });
      return executions.every(({ state }) => state === 'finished');
    };
    const submitted: Submitted[] = [];
    while (submitted.length < 2) {
      submitted.push(await replica.scale({ serviceId }));
      while (!(await isNoted())) await pause(1);
    }
    return submitted;
  }

  it('read early where one of them is alone, and never decide by a reading older than a step of another', async () => {
    const store = await openPostgresStore({ url });
    let goOn = (): void => undefined;
    let isHeldBack = false;
    const one = await bench.addReplica({
      timing: { sweepEveryMs: 60_000 },
      store: {
        ...store,
        async accept(executions) {
          if (isHeldBack) await new Promise<void>((resolve) => (goOn = resolve));
          return store.accept(executions);
        },
      },
    });
    const other = await bench.addReplica({ store: await openPostgresStore({ url }) });
    await scaleTwice(one);
    bench.sandbox.calls.clear();

    isHeldBack = true;
    const overtaken = one.scale({ serviceId });
    while (bench.sandbox.calls.list()[0]?.status === undefined) await pause(1);
    await other.scale({ serviceId });
    goOn();

    expect((await overtaken).execution).toMatchObject({ outcome: 'scaled', from: 5, to: 6 });
    expect(bench.scaleOf(serviceId)).toBe(6);
  });

  it('keep what was read for a trigger while their lane is looked at and nothing waits there yet', async () => {
    const store = await openPostgresStore({ url });
    const accepting = Promise.withResolvers<undefined>();
    const lookedAt = Promise.withResolvers<undefined>();
    let isHeldBack = false;
    let look = (_target: Target): void => undefined;
    const one = await bench.addReplica({
      // A look of its own at that moment would find the lane taken, and nothing would be read early.
      timing: { sweepEveryMs: 60_000 },
      store: {
        ...store,
        watch(watcher) {
          look = (target) => watcher.waiting(target);
          return store.watch(watcher);
        },
        async accept(executions) {
          if (isHeldBack) await accepting.promise;
          return store.accept(executions);
        },
        async releaseLane(lane) {
          await store.releaseLane(lane);
          lookedAt.resolve(undefined);
        },
      },
    });
    const before = await scaleTwice(one);
    bench.sandbox.calls.clear();

    isHeldBack = true;
    const scaling = one.scale({ serviceId });
    while (bench.sandbox.calls.list()[0]?.status === undefined) await pause(1);
    look(targetOf(before[0]));
    await lookedAt.promise;
    accepting.resolve(undefined);

    expect((await scaling).execution).toMatchObject({ outcome: 'scaled', from: 4, to: 5 });
    expect(bench.sandbox.calls.count({ method: 'GET' })).toBe(1);
  });

  it('know an event that another one has seen, and wait for its end', async () => {
    const [one, two] = await addReplicas(2);

    const submitted = await Promise.all([
      one?.scale({ serviceId, dedupeKey: 'a' }),
      two?.scale({ serviceId, dedupeKey: 'a' }),
    ]);

    expect(submitted.filter((each) => each?.isDuplicate === true)).toHaveLength(1);
    expect(submitted.map((each) => each?.execution.outcome)).toEqual(['scaled', 'scaled']);
    expect(bench.scaleOf(serviceId)).toBe(3);
  });

  it('respect a cooldown that began elsewhere', async () => {
    const [one, two] = await addReplicas(2);
    await one?.scale({ serviceId });

    const after = await two?.scale({ serviceId, cooldownSeconds: 60 });

    expect(after?.execution.outcome).toBe('cooling-down');
  });

  it('take a busy lane over at once from one that is stopped, however long its lease', async () => {
    const [one, two] = await addReplicas(2, { leaseMs: 120_000 });
    // The first is on its way to Rancher while the others come to wait behind it.
    bench.sandbox.latency.writeMs = 350;
    const atRancher = bench.sandbox.calls.count();
    const scale = async () => one?.scale({ serviceId, wait: 'respond-async' });
    const accepted = [await scale()];
    while (bench.sandbox.calls.count() === atRancher) await pause(5);
    accepted.push(...(await Promise.all([scale(), scale(), scale()])));
    await one?.close();

    const ended = await Promise.all(accepted.map(async (each) => two?.ended(each?.execution.id ?? '')));

    expect(ended.every((execution) => execution?.outcome === 'scaled')).toBe(true);
    expect(bench.scaleOf(serviceId)).toBe(6);
  });

  it('take over from one that stood still between its commit and its send, which then sends nothing', async () => {
    let release = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Standing still in the middle of a call: as SIGSTOP, or a long garbage collection, would do it.
    const paused = await bench.addReplica({
      store: await openPostgresStore({ url }),
      rancher: standingStill(bench, stopped),
      timing: { answerWithinMs: 50 },
    });
    const { execution } = await paused.scale({ serviceId });
    const other = await bench.addReplica({ store: await openPostgresStore({ url }) });

    const end = await other.ended(execution.id);
    expect(end).toMatchObject({ outcome: 'scaled', to: 3 });
    await other.scale({ serviceId });
    release();
    await pause(300);

    expect(bench.scaleOf(serviceId)).toBe(4);
  });

  it('finish what was under way, and count it once, when PostgreSQL is restarted in the middle', async () => {
    const [one, two] = await addReplicas(2, { answerWithinMs: 50 });
    const puts = { method: 'PUT', path: /services/ };
    bench.sandbox.faults.add({ ...puts, fault: { kind: 'delay', ms: 150, when: 'before-acting' } });
    const accepted = [await one?.scale({ serviceId, wait: 'respond-async' })];
    while (bench.sandbox.calls.count(puts) === 0) await pause(2);
    // One change is on the wire, and more wait behind it on both.
    accepted.push(...(await Promise.all([one?.scale({ serviceId }), two?.scale({ serviceId, amount: 2 })])));
    await postgres.restart();

    const ends = await Promise.all(accepted.map(async (each) => endedAfterRestart(two, each?.execution.id ?? '')));

    expect(ends.map((execution) => execution.outcome)).toEqual(['scaled', 'scaled', 'scaled']);
    expect(bench.scaleOf(serviceId)).toBe(6);
  }, 30_000);

  describe('whose PostgreSQL loses the answer to an acceptance', () => {
    let proxy: CuttableProxy;
    let replica: Replica;

    beforeEach(async () => {
      proxy = await startCuttableProxy(url);
      const store = await openPostgresStore({ url: proxy.url });
      // Nothing else shall ask meanwhile.
      const timing = { sweepEveryMs: 60_000, followEveryMs: 60_000, pollEveryMs: 60_000 };
      replica = await bench.addReplica({ store, timing });
      await replica.scale({ serviceId });
    });
    afterEach(async () => {
      await replica.close();
      await proxy.close();
    });

    it('count the trigger once', async () => {
      proxy.swallowNextAnswer();

      const { execution } = await replica.scale({ serviceId });

      expect(execution).toMatchObject({ outcome: 'scaled', from: 3, to: 4 });
      expect(await replica.store.listExecutions({ projectId: '1a5', limit: 10 })).toHaveLength(2);
    });

    it('say that they do not know of it when it does not come back', async () => {
      proxy.refuse();

      await expect(replica.scale({ serviceId })).rejects.toMatchObject({ code: 'STORE_IN_DOUBT' });
    });
  });

  it('finish what was accepted while PostgreSQL went away and came back', async () => {
    const [replica] = await addReplicas(1, { answerWithinMs: 3_000 });
    const first = await replica?.scale({ serviceId });
    expect(first?.execution.outcome).toBe('scaled');
    await postgres.stop();

    await expect(replica?.scale({ serviceId })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await postgres.start();
    const again = await replica?.scale({ serviceId });
    await replica?.ended(again?.execution.id ?? '');

    expect(bench.scaleOf(serviceId)).toBe(4);
  });
});

/** The first questions after a restart may still meet the old connections. */
async function endedAfterRestart(replica: Replica | undefined, id: string): Promise<Execution> {
  for (;;) {
    try {
      const execution = await replica?.ended(id);
      if (execution !== undefined) return execution;
    } catch (error) {
      if (!hasCode(error, 'STORE_UNAVAILABLE')) throw error;
    }
    await pause(20);
  }
}

/** A client whose first write waits, right before its bytes would leave, until `released`. */
function standingStill(bench: Bench, released: Promise<void>) {
  const client = bench.connect();
  return () => ({
    ...client,
    services: {
      ...client.services,
      read: (id: string, options = {}) => client.services.read(id, options),
      list: (filters = {}, options = {}) => client.services.list(filters, options),
      async update(id: string, body: object, options = {}) {
        await released;
        return client.services.update(id, body, options);
      },
    },
  });
}
