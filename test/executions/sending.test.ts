import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { ServiceError } from '../../src/domain/errors.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { Store } from '../../src/storage/store.ts';
import { startBench, type Bench } from '../support/executions-under-test.ts';

describe('executions/sending', () => {
  let bench: Bench;
  let serviceId: string;

  beforeEach(async () => {
    bench = await startBench();
    serviceId = bench.sandbox.addService({ projectId: '1a5', scale: 2 });
  });
  afterEach(() => bench.close());

  const onPut = (fault: Fault, times = 1): void => {
    bench.sandbox.faults.add({ method: 'PUT', path: /services/, times, fault });
  };

  it.each<{ readonly what: string; readonly fault: Fault }>([
    { what: 'the reply is lost after acting', fault: { kind: 'reset', when: 'after-acting' } },
    { what: 'the connection breaks before acting', fault: { kind: 'reset', when: 'before-acting' } },
    { what: 'Rancher answers 500 after acting', fault: { kind: 'status', status: 500, when: 'after-acting' } },
    { what: 'Rancher answers 500 before acting', fault: { kind: 'status', status: 500, when: 'before-acting' } },
    { what: 'Rancher answers 503 before acting', fault: { kind: 'status', status: 503, when: 'before-acting' } },
    { what: 'the reply comes after the time-out', fault: { kind: 'delay', ms: 1_500, when: 'after-acting' } },
    { what: 'Rancher takes the request and never answers', fault: { kind: 'hang' } },
    { what: 'it is refused with 409', fault: { kind: 'conflict' } },
    { what: 'it is refused with 429', fault: { kind: 'status', status: 429, when: 'before-acting' } },
  ])('counts exactly once when $what', async ({ fault }) => {
    const replica = await bench.addReplica();
    onPut(fault);

    const { execution } = await replica.scale({ serviceId, amount: 2 });

    expect(execution).toMatchObject({ outcome: 'scaled', from: 2, to: 4 });
    expect(bench.scaleOf(serviceId)).toBe(4);
  });

  it('counts exactly once through every one of them in a row', async () => {
    const replica = await bench.addReplica();
    onPut({ kind: 'reset', when: 'before-acting' });
    onPut({ kind: 'status', status: 500, when: 'before-acting' });
    onPut({ kind: 'conflict' });
    onPut({ kind: 'reset', when: 'after-acting' });

    const { execution } = await replica.scale({ serviceId });

    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', to: 3 });
    expect(bench.scaleOf(serviceId)).toBe(3);
  });

  it('waits out the doubt of a lost request before it sends again', async () => {
    const replica = await bench.addReplica();
    onPut({ kind: 'reset', when: 'before-acting' });
    const begunMs = performance.now();

    await replica.scale({ serviceId });

    expect(performance.now() - begunMs).toBeGreaterThan(390);
    const { attempts } = (await replica.executions.list({ projectId: '1a5', limit: 1 })).executions[0] ?? {};
    expect(attempts).toEqual([]);
  });

  it('keeps what was tried in the history', async () => {
    const replica = await bench.addReplica();
    onPut({ kind: 'conflict' });

    const { execution } = await replica.scale({ serviceId });
    const { attempts } = await replica.ended(execution.id);

    expect(attempts).toMatchObject([{ result: 'not applied', code: 'RANCHER_CONFLICT' }, { result: 'done' }]);
  });

  it('yields to somebody who set another figure while ours was in doubt', async () => {
    const replica = await bench.addReplica();
    onPut({ kind: 'reset', when: 'before-acting' });
    const submitted = replica.scale({ serviceId });
    await pause(150);
    await scaleByHand(bench, serviceId, 7);

    const { execution } = await submitted;

    expect(execution).toMatchObject({ outcome: 'superseded', code: 'SUPERSEDED' });
    expect(bench.scaleOf(serviceId)).toBe(7);
  });

  it('decides anew on what a hand changed while a 409 was in the way', async () => {
    // After a conflict this replica rests for at least half a second: time enough for the hand.
    const replica = await bench.addReplica({ timing: { retryFirstMs: 20_000, retryLongestMs: 20_000 } });
    onPut({ kind: 'conflict' });
    const submitted = replica.scale({ serviceId });
    while (bench.sandbox.calls.count({ method: 'PUT', path: /services/ }) === 0) await pause(5);
    await scaleByHand(bench, serviceId, 9);

    const { execution } = await submitted;

    expect(execution).toMatchObject({ outcome: 'scaled', from: 9, to: 10 });
    expect(bench.scaleOf(serviceId)).toBe(10);
  });

  it('puts the newer figure back when an older write lands late', async () => {
    const replica = await bench.addReplica();
    // Sent again after 400 ms, and the first one lands 1.2 s later, after another trigger has counted.
    onPut({ kind: 'late', afterMs: 1_200 });
    await replica.scale({ serviceId });
    const { execution } = await replica.scale({ serviceId });
    expect(execution).toMatchObject({ outcome: 'scaled', from: 3, to: 4 });

    await pause(1_500);

    expect(bench.scaleOf(serviceId)).toBe(4);
  });

  describe('a write that is prepared while its change is committed', () => {
    const putCount = (): number => bench.sandbox.calls.count({ method: 'PUT', path: /services/ });

    it('is given up for a new look when the commit took longer than a reading is fresh', async () => {
      const store = await openSqliteStore(join(bench.directory, 'slow.sqlite'));
      const onSlowDisk: Store = {
        ...store,
        async commitRound(round) {
          const committed = await store.commitRound(round);
          if (bench.scaleOf(serviceId) === 2) await scaleByHand(bench, serviceId, 9);
          await pause(150);
          return committed;
        },
      };
      const replica = await bench.addReplica({ store: onSlowDisk, timing: { freshReadMs: 100 } });

      const { execution } = await replica.scale({ serviceId });

      expect(execution).toMatchObject({ outcome: 'scaled', from: 9, to: 10 });
      expect(bench.scaleOf(serviceId)).toBe(10);
      // The hand's and ours.
      expect(putCount()).toBe(2);
    });

    it.each([
      { what: 'the lane was lost', answer: async () => ({ kind: 'lane-lost' }) as const },
      {
        what: 'the store is away',
        answer: () => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'the disk is away')),
      },
    ])('is never sent when $what', async ({ answer }) => {
      const store = await openSqliteStore(join(bench.directory, 'lost.sqlite'));
      const putsAtCommit: number[] = [];
      const unlucky: Store = {
        ...store,
        async commitRound(round) {
          putsAtCommit.push(putCount());
          return putsAtCommit.length === 1 ? answer() : store.commitRound(round);
        },
      };
      const replica = await bench.addReplica({ store: unlucky });

      const { execution } = await replica.scale({ serviceId });

      expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
      expect(putsAtCommit).toEqual([0, 0]);
      expect(putCount()).toBe(1);
    });
  });

  it('fails without a retry when the key is refused', async () => {
    const replica = await bench.addReplica();
    onPut({ kind: 'status', status: 401, when: 'before-acting' });

    const { execution } = await replica.scale({ serviceId });

    expect(execution).toMatchObject({ outcome: 'failed', code: 'RANCHER_UNAUTHORIZED', applied: 'no' });
    expect(bench.scaleOf(serviceId)).toBe(2);
  });

  it('carries out what came while Rancher was away, once it is back', async () => {
    const replica = await bench.addReplica({ timing: { answerWithinMs: 100 } });
    await bench.sandbox.faults.goAway();
    const { execution } = await replica.scale({ serviceId });
    expect(execution).toMatchObject({ state: 'waiting' });

    await bench.sandbox.faults.comeBack();

    const end = await replica.ended(execution.id);
    expect(end).toMatchObject({ outcome: 'scaled', to: 3 });
    expect(end.attempts[0]).toMatchObject({ result: 'could not read the target', code: 'RANCHER_UNAVAILABLE' });
    expect(bench.scaleOf(serviceId)).toBe(3);
  });

  it('counts what comes while Rancher is away for long, and asks it seldom meanwhile', async () => {
    // Two seconds are a minute in these proportions; half a second is the longest pause.
    const replica = await bench.addReplica({
      timing: { answerWithinMs: 50, retryFirstMs: 4, retryLongestMs: 500, sendWithinMs: 20_000 },
    });
    await bench.sandbox.faults.goAway();
    const begunMs = performance.now();
    const ids: string[] = [];
    while (performance.now() - begunMs < 2_000) {
      ids.push((await replica.scale({ serviceId, wait: 'respond-async' })).execution.id);
      // No more than may wait for one target, however quick the machine is.
      await pause(5);
    }
    await bench.sandbox.faults.comeBack();
    const ends = await Promise.all(ids.map((id) => replica.ended(id)));

    expect(ends.every(({ outcome }) => outcome === 'scaled' || outcome === 'limit-reached')).toBe(true);
    expect(bench.scaleOf(serviceId)).toBe(Math.min(1_000, 2 + ids.length));
    // Doubling from 4 ms it is at half a second after seven; each wait is at least half as long as it may be.
    expect(ends[0]?.attempts.filter(({ code }) => code === 'RANCHER_UNAVAILABLE').length).toBeLessThan(20);
  }, 30_000);

  it('gives up at the deadline, says that nothing was sent, and lets the event count again', async () => {
    const replica = await bench.addReplica({ timing: { sendWithinMs: 200, answerWithinMs: 2_000 } });
    await bench.sandbox.faults.goAway();

    const { execution } = await replica.scale({ serviceId, dedupeKey: 'alert-1' });
    expect(execution).toMatchObject({ outcome: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'no' });
    await bench.sandbox.faults.comeBack();
    const again = await replica.scale({ serviceId, dedupeKey: 'alert-1' });

    expect(again.isDuplicate).toBe(false);
    expect(bench.scaleOf(serviceId)).toBe(3);
  });

  it('comes back before long though Rancher asked to be left alone for an hour', async () => {
    const replica = await bench.addReplica({ timing: { answerWithinMs: 50 } });
    const fault = { kind: 'status', status: 503, when: 'before-acting', retryAfterSeconds: 3_600 } as const;
    bench.sandbox.faults.add({ method: 'GET', path: /services/, fault });

    const { execution } = await replica.scale({ serviceId });

    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', to: 3 });
  });

  it('refuses more than may wait on one target, and keeps the rest', async () => {
    const replica = await bench.addReplica({ timing: { answerWithinMs: 50, sendWithinMs: 60_000 } });
    await bench.sandbox.faults.goAway();
    const submitted = await Promise.allSettled(Array.from({ length: 1_010 }, () => replica.scale({ serviceId })));

    const refused = submitted.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED', details: { retryAfterSeconds: 30 } } });
    await bench.sandbox.faults.comeBack();
    for (const one of submitted) if (one.status === 'fulfilled') await replica.ended(one.value.execution.id);

    // 2 at first, 998 more up to the ceiling of 1,000, and two that reached it.
    expect(bench.scaleOf(serviceId)).toBe(1_000);
  });
});

async function scaleByHand(bench: Bench, serviceId: string, scale: number): Promise<void> {
  const { accessKey, secretKey } = bench.sandbox.project.keys.owner;
  const { default: fetch } = await import('node-fetch');
  const answer = await fetch(`${bench.sandbox.url}/v2-beta/projects/1a5/services/${serviceId}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`,
    },
    body: JSON.stringify({ scale }),
  });
  if (!answer.ok) throw new Error(`the hand was refused with ${String(answer.status)}`);
}
