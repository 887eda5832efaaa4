import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { defaultTiming } from '../../src/executions/timing.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { startBench, type Bench } from '../support/executions-under-test.ts';

describe('executions/sending: writes that land late', () => {
  let bench: Bench;
  let serviceId: string;

  beforeEach(async () => {
    bench = await startBench();
    serviceId = bench.sandbox.addService({ projectId: '1a5', scale: 2 });
  });
  afterEach(() => bench.close());

  const onPut = (fault: Fault): void => {
    bench.sandbox.faults.add({ method: 'PUT', path: /services\/1s\d+$/, fault });
  };
  const scaleByHand = (scale: number) => bench.connect().services.update(serviceId, { scale });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await pause(5);
  };

  it('do not count twice when the second sending was refused with 409', async () => {
    const replica = await bench.addReplica();
    // The first one lands between the refusal of the second and the third.
    onPut({ kind: 'late', afterMs: 480 });
    onPut({ kind: 'conflict' });

    const { execution } = await replica.scale({ serviceId, amount: 3 });
    await pause(600);

    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', from: 2, to: 5 });
    expect(bench.scaleOf(serviceId)).toBe(5);
  });

  it('are not taken for the figure that the next trigger starts from', async () => {
    const replica = await bench.addReplica({ timing: { lookAgainMs: 2_000 } });
    onPut({ kind: 'late', afterMs: 900 });
    await replica.scale({ serviceId });
    await replica.scale({ serviceId, amount: 3 });
    expect(bench.scaleOf(serviceId)).toBe(6);
    // Nobody looks for two seconds; the late one lands meanwhile.
    await until(() => bench.scaleOf(serviceId) === 3);

    const { execution } = await replica.scale({ serviceId });

    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', from: 6, to: 7 });
    expect(bench.scaleOf(serviceId)).toBe(7);
  });

  it('are put right although there are several of them', async () => {
    const replica = await bench.addReplica();
    onPut({ kind: 'late', afterMs: 1_500 });
    await replica.scale({ serviceId });
    onPut({ kind: 'late', afterMs: 900 });
    await replica.scale({ serviceId, amount: 2 });
    await replica.scale({ serviceId });
    expect(bench.scaleOf(serviceId)).toBe(6);

    await pause(2_000);

    expect(bench.scaleOf(serviceId)).toBe(6);
  });

  it('are not taken for the decision of somebody else while a newer write is in doubt', async () => {
    const replica = await bench.addReplica({ timing: { lookAgainMs: 2_000 } });
    onPut({ kind: 'late', afterMs: 900 });
    await replica.scale({ serviceId });
    await replica.scale({ serviceId, amount: 3 });
    onPut({ kind: 'hang' });

    const { execution } = await replica.scale({ serviceId });

    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', from: 6, to: 7 });
    expect(bench.scaleOf(serviceId)).toBe(7);
  });

  it('are watched for although the second sending was lost as well, and landed first', async () => {
    const replica = await bench.addReplica();
    onPut({ kind: 'late', afterMs: 1_000 });
    onPut({ kind: 'late', afterMs: 50 });
    await replica.scale({ serviceId });
    await replica.scale({ serviceId, amount: 3 });
    expect(bench.scaleOf(serviceId)).toBe(6);

    await until(() => bench.scaleOf(serviceId) === 3);
    await pause(300);

    expect(bench.scaleOf(serviceId)).toBe(6);
  });

  it('give way to the figure of whoever overtook them', async () => {
    const replica = await bench.addReplica();
    await replica.scale({ serviceId });
    onPut({ kind: 'late', afterMs: 1_000 });
    const submitted = replica.scale({ serviceId });
    await until(() => bench.sandbox.calls.count({ method: 'PUT' }) === 2);
    await scaleByHand(9);
    expect((await submitted).execution).toMatchObject({ outcome: 'superseded' });

    await until(() => bench.scaleOf(serviceId) === 4);
    await pause(500);

    expect(bench.scaleOf(serviceId)).toBe(9);
  });

  it('fifteen seconds late, with all times as they are, are put right within two', async () => {
    const replica = await bench.addReplica({ timing: defaultTiming });
    onPut({ kind: 'late', afterMs: 15_000 });
    const { execution } = await replica.scale({ serviceId, wait: 'respond-async' });
    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
    await replica.scale({ serviceId });
    expect(bench.scaleOf(serviceId)).toBe(4);

    await until(() => bench.scaleOf(serviceId) === 3);
    const landedMs = performance.now();
    await until(() => bench.scaleOf(serviceId) === 4);

    expect(performance.now() - landedMs).toBeLessThan(2_000);
  }, 30_000);
});
