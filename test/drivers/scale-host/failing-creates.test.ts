import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../../src/sandbox/faults.ts';
import { startBench } from '../../support/executions-under-test.ts';
import type { Bench, Replica } from '../../support/executions-under-test.ts';
import { driverConfig, everMade, hostsOf, projectId, send, tier, trigger, until } from '../support/host-triggers.ts';

describe('drivers/scale-host: creates that fail', () => {
  let bench: Bench;
  let replica: Replica;
  const addMachine = (hostname: string, more: Readonly<Record<string, unknown>> = {}): string =>
    bench.sandbox.addMachine({ projectId, hostname, labels: tier, config: driverConfig, ...more });

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    replica = await bench.addReplica();
  });
  afterEach(() => bench.close());

  it('lets the message of a failing machine reach the history', async () => {
    addMachine('web-1');
    bench.sandbox.machines.fail({
      message: 'Error creating machine: QuotaExceeded.Instance see https://ecs.example.com/?Signature=abc',
    });

    const execution = await trigger(replica);

    expect(execution).toMatchObject({ outcome: 'failed', code: 'HOST_FAILED', applied: 'unknown' });
    expect(execution.message).toBe('web-2 failed: Error creating machine: QuotaExceeded.Instance see <address>');
  });

  it('says which machine failed when the others came up (defect 8)', async () => {
    addMachine('web-1');
    bench.sandbox.machines.fail({ hostname: /web-3/, message: 'no stock' });

    const execution = await trigger(replica, { amount: 2 });

    expect(execution).toMatchObject({ outcome: 'partial', from: 1, to: 2 });
    expect(execution.message).toContain('1 of 2');
    expect(execution.message).toContain('web-3 failed: no stock');
  });

  it('stops making machines once its failing ones fill the group', async () => {
    addMachine('web-1');
    bench.sandbox.machines.fail({ message: 'no quota', times: Infinity });

    const outcomes: (string | undefined)[] = [];
    for (let call = 0; call < 6; call += 1) outcomes.push((await trigger(replica, { max: 4 })).outcome);

    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'limit-reached', 'limit-reached', 'limit-reached']);
    expect(hostsOf(bench.sandbox)).toHaveLength(4);
  });

  it('removes a failed machine when asked to', async () => {
    addMachine('web-1');
    bench.sandbox.machines.fail({ message: 'no quota' });

    const execution = await trigger(replica, { onHostError: 'remove' });

    expect(execution.message).toBe('web-2 failed: no quota; it is being removed');
    await until(() => hostsOf(bench.sandbox).length === 1);
  });

  it.each<Fault>([
    { kind: 'reset', when: 'after-acting' },
    { kind: 'status', status: 500, when: 'after-acting' },
    { kind: 'delay', ms: 1_500, when: 'after-acting' },
  ])('recognises a machine whose create was answered by %j, and makes no second one', async (fault) => {
    addMachine('web-1');
    bench.sandbox.faults.add({ method: 'POST', path: /\/hosts$/, fault });
    const before = everMade(bench.sandbox);

    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });
    expect(everMade(bench.sandbox) - before).toBe(1);
  });

  it('makes again only what is missing when the connection broke before Rancher acted', async () => {
    addMachine('web-1');
    bench.sandbox.faults.add({ method: 'POST', path: /\/hosts$/, fault: { kind: 'reset', when: 'before-acting' } });
    const before = everMade(bench.sandbox);

    const id = await send(replica, { amount: 3 });
    await until(() => hostsOf(bench.sandbox).filter(({ state }) => state === 'active').length === 4);

    expect(everMade(bench.sandbox) - before).toBe(3);
    expect((await replica.executions.find(projectId, id))?.outcome ?? 'scaled').toBe('scaled');
  });

  it('fails the items Rancher refuses and carries the others out', async () => {
    addMachine('web-1');
    bench.sandbox.faults.add({
      method: 'POST',
      path: /\/hosts$/,
      fault: { kind: 'status', status: 422, when: 'before-acting' },
    });

    const execution = await trigger(replica, { amount: 2 });

    expect(execution.outcome).toBe('partial');
    expect(execution.message).toContain('was refused');
  });

  it('keeps no secret of the driver in its database', async () => {
    addMachine('web-1');

    await trigger(replica);

    for (const file of await readdir(bench.directory))
      expect((await readFile(join(bench.directory, file))).includes('driver-secret')).toBe(false);
  });

  it('removes the younger of two machines when a create lands late beside the one sent again', async () => {
    addMachine('web-1');
    bench.sandbox.faults.add({ method: 'POST', path: /\/hosts$/, fault: { kind: 'late', afterMs: 1_500 } });
    const before = everMade(bench.sandbox);

    await send(replica);
    await until(() => everMade(bench.sandbox) - before === 2);
    await until(() => hostsOf(bench.sandbox).length === 2);

    const [, kept] = hostsOf(bench.sandbox);
    expect(kept?.id).toBe(`1h${String(before + 1)}`);
  });
});
