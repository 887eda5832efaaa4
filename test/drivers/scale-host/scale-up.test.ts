import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBench } from '../../support/executions-under-test.ts';
import type { Bench, Replica } from '../../support/executions-under-test.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
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

describe('drivers/scale-host: up', () => {
  let bench: Bench;
  let replica: Replica;
  const addMachine = (hostname: string, more: Readonly<Record<string, unknown>> = {}): string =>
    bench.sandbox.addMachine({ projectId, hostname, labels: tier, config: driverConfig, ...more });

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    replica = await bench.addReplica();
  });
  afterEach(() => bench.close());

  it('clones the oldest machine of the group and ends when the new one is active', async () => {
    addMachine('web-1', { engineInstallUrl: 'https://example.com/17.03.sh', engineOpt: { 'log-driver': 'syslog' } });
    addMachine('web-2');

    const execution = await trigger(replica);

    expect(execution).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
    expect(execution.message).toContain('web-3 is active');
    expect(hostsOf(bench.sandbox)[2]).toMatchObject({
      hostname: 'web-3',
      state: 'active',
      driver: 'aliyunecs',
      engineInstallUrl: 'https://example.com/17.03.sh',
      engineOpt: { 'log-driver': 'syslog' },
      labels: tier,
      aliyunecsConfig: driverConfig,
    });
  });

  it('sends a clone neither the labels of the base agent nor the marker of the base (defect 13)', async () => {
    addMachine('web-1', { labels: { tier: 'web', 'receiver-hooks.change': 'of the base' } });
    bench.sandbox.machines.readyMs = 600_000;

    const id = await send(replica);
    // Before its own agent checks in a machine shows exactly the labels that were posted (old-service-measured).
    await until(() => hostsOf(bench.sandbox)[1]?.state === 'provisioning');

    expect(hostsOf(bench.sandbox)[0]?.labels).toHaveProperty(['io.rancher.host.os']);
    expect(hostsOf(bench.sandbox)[1]?.labels).toEqual({ tier: 'web', 'receiver-hooks.change': `${id}.0.1` });
  });

  it('goes on from the hostname, whatever name people gave the base for display (old-service-measured)', async () => {
    addMachine('web-1', { name: 'Nice Name 5' });

    await trigger(replica);

    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'web-2']);
  });

  it('gets along with names that a hand gave twice', async () => {
    for (const name of ['web-2', 'web-2', 'web-1']) addMachine(name);

    await trigger(replica);
    await trigger(replica, { action: 'down', amount: 2 });

    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-2', 'web-2']);
  });

  it('makes nothing while the machine driver is not active, and says what to do', async () => {
    addMachine('web-1');
    const admin = connectRancher({ url: bench.sandbox.url, credentials: bench.sandbox.adminKey });
    const drivers = admin.project(projectId).collection('machineDrivers');
    const [driver] = await drivers.list({ name: 'aliyunecs' });
    await drivers.action(driver?.id ?? '', 'deactivate');
    await admin.close();

    expect(await trigger(replica)).toMatchObject({
      outcome: 'failed',
      code: 'TARGET_UNSUPPORTED',
      applied: 'no',
      message: expect.stringContaining('machine driver aliyunecs is not active in Rancher; activate it') as unknown,
    });
    expect(hostsOf(bench.sandbox)).toHaveLength(1);
  });

  it('clones the oldest machine even when custom hosts stand between (defect 4)', async () => {
    bench.sandbox.addHost({ projectId, name: 'custom-1', labels: tier });
    addMachine('web-1');
    bench.sandbox.addHost({ projectId, name: 'custom-2', labels: tier });
    addMachine('other-9', { labels: { tier: 'db' } });

    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 3, to: 4 });
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'other-9', 'web-2']);
  });

  it('needs every label of the selector, whatever their order (defect 2)', async () => {
    addMachine('half-1');
    addMachine('both-1', { labels: { tier: 'web', zone: 'b' } });

    await trigger(replica, { hostSelector: { zone: 'b', tier: 'web' } });
    await trigger(replica, { hostSelector: { tier: 'web', zone: 'b' } });

    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['half-1', 'both-1', 'both-2', 'both-3']);
  });

  it('counts 20 triggers at once exactly: max 6 makes five hosts, each with a name of its own (defects 6 and 9)', async () => {
    addMachine('web-1');

    const executions = await Promise.all(Array.from({ length: 20 }, () => trigger(replica, { max: 6 })));

    expect(executions.filter(({ outcome }) => outcome === 'scaled')).toHaveLength(5);
    expect(executions.filter(({ outcome }) => outcome === 'limit-reached')).toHaveLength(15);
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6']);
  });

  it('shares the limit between two receivers of one group', async () => {
    addMachine('web-1');

    await Promise.all(
      Array.from({ length: 12 }, async (_, at) => trigger(replica, { max: 5, cooldownSeconds: 0, min: 1 + (at % 2) })),
    );

    expect(hostsOf(bench.sandbox)).toHaveLength(5);
  });

  it('reads the hosts of every page for names and counts (defect 11)', async () => {
    for (let number = 1; number <= 1_050; number += 1)
      addMachine(`web-${String(number)}`, number > 1_045 ? {} : { labels: { tier: 'db' } });

    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 5, to: 6 });
    expect(namesOf(hostsOf(bench.sandbox)).at(-1)).toBe('web-1051');
  });

  it('waits for a Rancher that cannot list its hosts, and makes one host then (defect 10)', async () => {
    addMachine('web-1');
    const fault = { kind: 'status', status: 500, when: 'before-acting' } as const;
    bench.sandbox.faults.add({ method: 'GET', path: /\/hosts\?/, times: 3, fault });

    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });
    expect(hostsOf(bench.sandbox)).toHaveLength(2);
  });

  it('says in the old words that no host has the label', async () => {
    addMachine('db-1', { labels: { tier: 'db' } });

    expect(await trigger(replica)).toMatchObject({
      outcome: 'failed',
      code: 'TARGET_NOT_FOUND',
      applied: 'no',
      message: 'No host with label map[tier:web] exists',
    });
  });

  it('refuses to clone custom hosts in the old words', async () => {
    bench.sandbox.addHost({ projectId, name: 'custom', labels: tier });

    expect(await trigger(replica)).toMatchObject({
      outcome: 'failed',
      code: 'TARGET_UNSUPPORTED',
      message: 'Cannot use custom hosts for scaling up',
    });
  });

  it('makes and removes nothing for one up and one down of the same round', async () => {
    addMachine('web-1');
    addMachine('web-2');
    const before = everMade(bench.sandbox);
    bench.sandbox.faults.add({
      method: 'GET',
      path: /\/hosts\?/,
      fault: { kind: 'delay', ms: 150, when: 'before-acting' },
    });

    const executions = await Promise.all([trigger(replica), trigger(replica), trigger(replica, { action: 'down' })]);

    expect(executions.every(({ outcome }) => outcome === 'scaled')).toBe(true);
    expect(hostsOf(bench.sandbox)).toHaveLength(3);
    expect(everMade(bench.sandbox) - before).toBeLessThanOrEqual(2);
  });
});
