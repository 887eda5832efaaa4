import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FaultRule } from '../../../src/sandbox/faults.ts';
import { startBench, type Bench, type Replica } from '../../support/executions-under-test.ts';
import {
  driverConfig,
  everMade,
  hostsOf,
  namesOf,
  projectId,
  send,
  tier,
  trigger,
  until,
} from '../support/host-triggers.ts';

describe('drivers/scale-host: creates whose answers are lost', () => {
  let bench: Bench;
  let replica: Replica;

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    replica = await bench.addReplica();
    for (const hostname of ['web-1', 'web-2'])
      bench.sandbox.addMachine({ projectId, hostname, labels: tier, config: driverConfig });
  });
  afterEach(() => bench.close());

  /** What becomes of the creates, one after the other; each is sent again after 400 ms. */
  const onCreates = (...faults: readonly FaultRule['fault'][]): void => {
    for (const fault of faults) bench.sandbox.faults.add({ method: 'POST', path: /\/hosts$/, fault });
  };
  const landsAfter = (afterMs: number): FaultRule['fault'] => ({ kind: 'late', afterMs });
  const hosts = () => hostsOf(bench.sandbox);

  it('removes the twin though the answer to the second create was lost as well', async () => {
    const before = everMade(bench.sandbox);
    onCreates(landsAfter(1_500), { kind: 'reset', when: 'after-acting' });

    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
    expect(everMade(bench.sandbox) - before).toBe(2);
    await until(() => hosts().length === 3);
    expect(namesOf(hosts())).toEqual(['web-1', 'web-2', 'web-3']);
  }, 30_000);

  it('lets a trigger that finds a twin take another host', async () => {
    onCreates(landsAfter(1_000));
    const up = await send(replica);
    await until(() => hosts().length === 4);

    const down = await trigger(replica, { action: 'down' });

    expect(down).toMatchObject({ outcome: 'scaled', from: 3, to: 2 });
    expect(await replica.ended(up)).toMatchObject({ outcome: 'scaled' });
    expect(namesOf(hosts())).toEqual(['web-1', 'web-2']);
  }, 30_000);

  it('counts no twin against max', async () => {
    onCreates(landsAfter(1_000));
    await send(replica);
    await until(() => hosts().length === 4);

    expect(await trigger(replica, { max: 4 })).toMatchObject({ outcome: 'scaled', from: 3, to: 4 });
  }, 30_000);

  it('leaves a host alone that a hand has cloned from the new one, and counts it', async () => {
    onCreates({ kind: 'reset', when: 'before-acting' });
    const up = await send(replica);
    await until(() => hosts().length === 3);
    const labels = hosts()[2]?.labels ?? {};
    bench.sandbox.addMachine({ projectId, hostname: 'by-hand', labels, config: driverConfig });

    expect(await trigger(replica, { max: 4 })).toMatchObject({ outcome: 'limit-reached', from: 4 });
    expect(await replica.ended(up)).toMatchObject({ outcome: 'scaled' });
    expect(namesOf(hosts())).toEqual(['web-1', 'web-2', 'web-3', 'by-hand']);
  }, 30_000);

  it('keeps the twin of a host that has failed', async () => {
    bench.sandbox.machines.fail({ message: 'no stock' });
    onCreates(landsAfter(1_000));

    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
    await until(() => hosts().length === 3);
    expect(hosts().map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  }, 30_000);

  it('keeps a host that lands late after the second create was refused', async () => {
    onCreates(landsAfter(1_500), { kind: 'status', status: 422, when: 'before-acting' });

    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
    expect(namesOf(hosts())).toEqual(['web-1', 'web-2', 'web-3']);
  }, 30_000);

  it('does not say that nothing was made when the second create was refused and the first never shows', async () => {
    onCreates({ kind: 'reset', when: 'before-acting' }, { kind: 'status', status: 422, when: 'before-acting' });

    expect(await trigger(replica)).toMatchObject({ outcome: 'failed', applied: 'unknown' });
  }, 30_000);

  it('waits out a create that was cut off, though Rancher itself failed another beside it', async () => {
    onCreates({ kind: 'status', status: 500, when: 'before-acting' }, landsAfter(300));
    const before = everMade(bench.sandbox);

    expect(await trigger(replica, { amount: 2 })).toMatchObject({ outcome: 'scaled', from: 2, to: 4 });
    expect(everMade(bench.sandbox) - before).toBe(2);
  }, 30_000);
});
