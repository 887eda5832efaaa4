import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ServiceError } from '../../src/domain/errors.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import { startBench, type Bench } from '../support/executions-under-test.ts';

const puts = { method: 'PUT', path: /services/ };

describe('executions/round', () => {
  let bench: Bench;
  let serviceId: string;

  beforeEach(async () => {
    bench = await startBench();
    serviceId = bench.sandbox.addService({ projectId: '1a5', scale: 2 });
  });
  afterEach(() => bench.close());

  it('scales once and says from where to where', async () => {
    const replica = await bench.addReplica();

    const { execution, isDuplicate } = await replica.scale({ serviceId, amount: 3 });

    expect(execution).toMatchObject({
      state: 'finished',
      outcome: 'scaled',
      from: 2,
      to: 5,
      message: 'scaled up from 2 to 5',
    });
    expect(isDuplicate).toBe(false);
    expect(bench.scaleOf(serviceId)).toBe(5);
  });

  it('costs two calls to Rancher when alone', async () => {
    const replica = await bench.addReplica();
    bench.sandbox.calls.clear();

    await replica.scale({ serviceId });
    await replica.scale({ serviceId, action: 'down' });

    expect(bench.sandbox.calls.list()).toHaveLength(4);
  });

  it('reads for the next trigger while the end of the one before is still being stored', async () => {
    const store = await openSqliteStore(join(bench.directory, 'slow.sqlite'));
    let goOn = (): void => undefined;
    const stored = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const replica = await bench.addReplica({
      store: {
        ...store,
        async closeChange(close) {
          await stored;
          return store.closeChange(close);
        },
      },
    });
    await replica.scale({ serviceId });
    bench.sandbox.calls.clear();

    const next = replica.scale({ serviceId });
    while (bench.sandbox.calls.count({ method: 'GET' }) === 0) await pause(1);
    goOn();

    expect((await next).execution).toMatchObject({ outcome: 'scaled', from: 3, to: 4 });
    expect(bench.sandbox.calls.list().map(({ method }) => method)).toEqual(['GET', 'PUT']);
  });

  it('decides a storm together: the sum is exact and Rancher hardly notices', async () => {
    const replica = await bench.addReplica();
    bench.sandbox.calls.clear();

    const submitted = await Promise.all(Array.from({ length: 200 }, () => replica.scale({ serviceId })));

    expect(submitted.every(({ execution }) => execution.outcome === 'scaled')).toBe(true);
    expect(bench.scaleOf(serviceId)).toBe(202);
    expect(bench.sandbox.calls.list().length).toBeLessThanOrEqual(20);
    // Every step is told its own from and to, and no figure twice.
    expect(new Set(submitted.map(({ execution }) => execution.to)).size).toBe(200);
  });

  it('is exact while Rancher refuses a third of all writes with 409', async () => {
    await bench.close();
    bench = await startBench({ conflictRate: 0.33 });
    serviceId = bench.sandbox.addService({ projectId: '1a5', scale: 2 });
    const replica = await bench.addReplica();

    for (let wave = 0; wave < 10; wave += 1) {
      const wanted = await Promise.all(Array.from({ length: 10 }, () => replica.scale({ serviceId })));
      expect(wanted.map(({ execution }) => execution.outcome)).toEqual(Array.from({ length: 10 }, () => 'scaled'));
    }

    expect(bench.scaleOf(serviceId)).toBe(102);
  });

  it('lets a storm reach a bound and not a container further', async () => {
    const replica = await bench.addReplica();

    const submitted = await Promise.all(Array.from({ length: 30 }, () => replica.scale({ serviceId, max: 12 })));

    const outcomes = submitted.map(({ execution }) => execution.outcome);
    expect(outcomes.filter((outcome) => outcome === 'scaled')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'limit-reached')).toHaveLength(20);
    expect(bench.scaleOf(serviceId)).toBe(12);
  });

  it('counts one up and one down of the same round both, and sends nothing', async () => {
    const replica = await bench.addReplica();
    bench.sandbox.faults.add({
      method: 'GET',
      path: /services/,
      fault: { kind: 'delay', ms: 100, when: 'before-acting' },
    });
    // The first one holds the lane until the other two wait behind it.
    const first = replica.scale({ serviceId });
    const both = [replica.scale({ serviceId }), replica.scale({ serviceId, action: 'down' })];
    await first;
    bench.sandbox.calls.clear();

    const outcomes = (await Promise.all(both)).map(({ execution }) => execution.outcome);

    expect(outcomes).toEqual(['scaled', 'scaled']);
    expect(bench.sandbox.calls.count(puts)).toBe(0);
    expect(bench.scaleOf(serviceId)).toBe(3);
  });

  it('leaves a service above its ceiling alone', async () => {
    const replica = await bench.addReplica();

    const { execution } = await replica.scale({ serviceId, max: 2, min: 1, onLimit: 'reject' });
    const clamped = await replica.scale({ serviceId, amount: 5, max: 4, onLimit: 'clamp' });
    const above = await replica.scale({ serviceId, max: 3, onLimit: 'clamp' });

    expect(execution).toMatchObject({ outcome: 'limit-reached', from: 2, to: 2 });
    expect(clamped.execution).toMatchObject({ outcome: 'scaled', from: 2, to: 4 });
    expect(above.execution).toMatchObject({ outcome: 'unchanged', from: 4, to: 4 });
    expect(bench.scaleOf(serviceId)).toBe(4);
  });

  it('cools down after a change of another receiver of the same target', async () => {
    const replica = await bench.addReplica();
    await replica.scale({ serviceId, receiverId: '1go1' });

    const { execution } = await replica.scale({ serviceId, receiverId: '1go2', cooldownSeconds: 60 });

    expect(execution).toMatchObject({ outcome: 'cooling-down', from: 3, to: 3 });
    expect(bench.scaleOf(serviceId)).toBe(3);
  });

  it('lets the second of two cooled-down steps in one round wait for its time', async () => {
    const replica = await bench.addReplica();
    bench.sandbox.faults.add({
      method: 'GET',
      path: /services/,
      fault: { kind: 'delay', ms: 100, when: 'before-acting' },
    });

    const outcomes = await Promise.all(
      Array.from({ length: 3 }, () => replica.scale({ serviceId, cooldownSeconds: 60 })),
    );

    const ends = outcomes.map(({ execution }) => execution.outcome);
    expect(ends.filter((outcome) => outcome === 'scaled')).toHaveLength(1);
    expect(ends.filter((outcome) => outcome === 'cooling-down')).toHaveLength(2);
    expect(bench.scaleOf(serviceId)).toBe(3);
  });

  it.each([
    { what: 'removed', service: { state: 'removed' }, code: 'TARGET_NOT_FOUND' },
    {
      what: 'global',
      service: { launchConfig: { imageUuid: 'docker:nginx', labels: { 'io.rancher.scheduler.global': 'true' } } },
      code: 'TARGET_UNSUPPORTED',
    },
    {
      what: 'without an image',
      service: { launchConfig: { imageUuid: 'docker:rancher/none' } },
      code: 'TARGET_UNSUPPORTED',
    },
    { what: 'scaling itself', service: { scalePolicy: { min: 1, max: 3, increment: 1 } }, code: 'TARGET_UNSUPPORTED' },
    { what: 'external', service: { type: 'externalService' as const }, code: 'TARGET_UNSUPPORTED' },
    { what: 'an alias', service: { type: 'dnsService' as const }, code: 'TARGET_UNSUPPORTED' },
  ])('fails without a write on a service that is $what', async ({ service, code }) => {
    const replica = await bench.addReplica();
    const unsuitable = bench.sandbox.addService({ projectId: '1a5', scale: 2, ...service });
    bench.sandbox.calls.clear();

    const { execution } = await replica.scale({ serviceId: unsuitable });

    expect(execution).toMatchObject({ outcome: 'failed', code, applied: 'no' });
    expect(bench.sandbox.calls.count({ method: 'PUT' })).toBe(0);
  });

  it('scales a load balancer', async () => {
    const replica = await bench.addReplica();
    const balancer = bench.sandbox.addService({ projectId: '1a5', type: 'loadBalancerService', scale: 1 });

    const { execution } = await replica.scale({ serviceId: balancer });

    expect(execution).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });
  });

  it('refuses an id whose prefix Rancher would ignore', async () => {
    const replica = await bench.addReplica();

    const { execution } = await replica.scale({ serviceId: serviceId.replace('1s', '1h') });

    expect(execution).toMatchObject({ outcome: 'failed', code: 'TARGET_NOT_FOUND' });
    expect(bench.scaleOf(serviceId)).toBe(2);
  });

  it.each([
    { what: 'another spelling of a service, which would be decided apart from it', idOf: (id: string) => `${id}/x` },
    { what: 'another spelling of a service, which would be decided apart from it', idOf: (id: string) => ` ${id}` },
    { what: 'more than an index of the database can hold', idOf: (id: string) => `${id}${'7'.repeat(9_000)}` },
  ])('stores nothing for $what', async ({ idOf }) => {
    const replica = await bench.addReplica();

    await expect(replica.scale({ serviceId: idOf(serviceId) })).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });

    expect(await replica.store.listExecutions({ projectId: '1a5', limit: 10 })).toEqual([]);
    expect(bench.scaleOf(serviceId)).toBe(2);
  });

  describe('the same event again', () => {
    it('waits for the first one and repeats its answer', async () => {
      const replica = await bench.addReplica();

      const submitted = await Promise.all(
        Array.from({ length: 10 }, () => replica.scale({ serviceId, dedupeKey: 'alert-1' })),
      );

      expect(submitted.filter(({ isDuplicate }) => !isDuplicate)).toHaveLength(1);
      expect(new Set(submitted.map(({ execution }) => execution.id)).size).toBe(1);
      expect(submitted.every(({ execution }) => execution.outcome === 'scaled' && execution.to === 3)).toBe(true);
      expect(bench.scaleOf(serviceId)).toBe(3);
    });

    it('is known though its execution has left the history', async () => {
      const replica = await bench.addReplica();
      const first = await replica.scale({ serviceId, idempotencyKey: 'k' });
      await replica.ended(first.execution.id);
      await replica.store.prune({ olderThanMs: -1_000, keep: 0, atMost: 10 });

      const { execution, isDuplicate } = await replica.scale({ serviceId, idempotencyKey: 'k' });

      expect(isDuplicate).toBe(true);
      expect(execution).toMatchObject({ id: first.execution.id, state: 'finished', outcome: 'duplicate', items: [] });
      expect(bench.scaleOf(serviceId)).toBe(3);
    });

    it('is another one in another project, whatever its receiver calls itself', async () => {
      const rancher = bench.connect();
      const replica = await bench.addReplica({ rancher: () => rancher });
      const keys = { serviceId, receiverId: '1go7', dedupeKey: 'alert-1', idempotencyKey: 'k' };
      await replica.scale({ ...keys, projectId: '1a6' });

      const { execution, isDuplicate } = await replica.scale(keys);

      expect(isDuplicate).toBe(false);
      expect(execution).toMatchObject({ projectId: '1a5', outcome: 'scaled', to: 4 });
    });

    it('refuses an Idempotency-Key that comes with another body', async () => {
      const replica = await bench.addReplica();
      await replica.scale({ serviceId, idempotencyKey: 'k', body: 'one' });

      await expect(replica.scale({ serviceId, idempotencyKey: 'k', body: 'two' })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
      expect(bench.scaleOf(serviceId)).toBe(3);
    });
  });

  it('answers at once when asked to, and does the work', async () => {
    const replica = await bench.addReplica();

    const { execution } = await replica.scale({ serviceId, wait: 'respond-async' });

    expect(execution.outcome).toBeUndefined();
    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', to: 3 });
  });

  it('never says that nothing was done of what is stored, though the database goes away then', async () => {
    const store = await openSqliteStore(join(bench.directory, 'away.sqlite'));
    const findExecution = () => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'the disk is away'));
    const replica = await bench.addReplica({ store: { ...store, findExecution } });

    const { execution } = await replica.scale({ serviceId, wait: 'respond-async', idempotencyKey: 'k' });
    const again = await replica.scale({ serviceId, wait: 'respond-async', idempotencyKey: 'k' });

    expect(execution).toMatchObject({ state: 'waiting', items: [{ state: 'waiting' }] });
    // It may still come to anything: to say that it is over would be as wrong.
    expect(again).toMatchObject({ isDuplicate: true, execution: { id: execution.id, state: 'waiting' } });
    expect(again.execution.outcome).toBeUndefined();
  });

  it('waits until the containers are there when asked to', async () => {
    const replica = await bench.addReplica();

    const { execution, isSettled } = await replica.scale({ serviceId, amount: 3, wait: 'settled' });

    expect(isSettled).toBe(true);
    expect(execution.outcome).toBe('scaled');
    expect(bench.sandbox.inspect(serviceId)).toMatchObject({ state: 'active', currentScale: 5 });
  });

  it('lets a repetition that asks for it wait for the containers as well', async () => {
    const replica = await bench.addReplica();
    const asked = { serviceId, amount: 3, idempotencyKey: 'k', wait: 'settled' } as const;

    const [first, again] = await Promise.all([replica.scale(asked), replica.scale(asked)]);

    expect(first.isDuplicate).not.toBe(again.isDuplicate);
    expect([first.isSettled, again.isSettled]).toEqual([true, true]);
    expect(bench.sandbox.inspect(serviceId)).toMatchObject({ state: 'active', currentScale: 5 });
  });

  it('previews without storing or changing anything', async () => {
    const replica = await bench.addReplica();
    bench.sandbox.calls.clear();
    const config = { serviceId, action: 'up', amount: 1, min: 1, max: 2, onLimit: 'reject', cooldownSeconds: 0 };

    const previews = await replica.executions.preview({
      projectId: '1a5',
      driver: 'scaleService',
      config,
      signal: { says: 'fire', reason: '' },
    });

    expect(previews).toMatchObject([{ outcome: 'limit-reached', from: 2, to: 2 }]);
    expect(bench.sandbox.calls.count({ method: 'PUT' })).toBe(0);
    expect((await replica.executions.list({ projectId: '1a5', limit: 10 })).executions).toEqual([]);
  });

  it('drops what waited while its receiver was removed', async () => {
    const replica = await bench.addReplica({ isLive: async () => false, timing: { askAgainAfterMs: 0 } });
    bench.sandbox.faults.add({
      method: 'GET',
      path: /services/,
      times: 2,
      fault: { kind: 'reset', when: 'before-acting' },
    });

    const { execution } = await replica.scale({ serviceId });
    const end = await replica.ended(execution.id);

    expect(end).toMatchObject({ outcome: 'failed', code: 'RECEIVER_NOT_FOUND', applied: 'no' });
    expect(bench.scaleOf(serviceId)).toBe(2);
  });
});
