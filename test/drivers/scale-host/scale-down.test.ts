import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBench } from '../../support/executions-under-test.ts';
import type { Bench, Replica } from '../../support/executions-under-test.ts';
import {
  driverConfig,
  hostsOf,
  namesOf,
  projectId,
  send,
  settings,
  tier,
  trigger,
  until,
} from '../support/host-triggers.ts';
import { scaleHost } from '../../../src/drivers/scale-host.ts';
import { reading } from '../../../src/drivers/reading.ts';
import type { HostChange } from '../../../src/drivers/scale-host/change.ts';

/** The change without what it was decided on: a send may not follow on that any more. */
const readLongAgo = (change: HostChange): HostChange => ({ ...change, [reading]: undefined });

describe('drivers/scale-host: down', () => {
  let bench: Bench;
  let replica: Replica;
  const addMachine = (hostname: string, more: Readonly<Record<string, unknown>> = {}): string =>
    bench.sandbox.addMachine({ projectId, hostname, labels: tier, config: driverConfig, ...more });

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    replica = await bench.addReplica();
  });
  afterEach(() => bench.close());

  it('removes the newest machine and ends when it is gone', async () => {
    for (const name of ['web-1', 'web-2', 'web-3']) addMachine(name);

    const execution = await trigger(replica, { action: 'down' });

    expect(execution).toMatchObject({ outcome: 'scaled', from: 3, to: 2 });
    expect(execution.message).toContain('web-3 is removed');
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'web-2']);
  });

  it('reads the hosts once for the decision and what follows on it', async () => {
    for (const name of ['web-1', 'web-2']) addMachine(name);

    await send(replica, { action: 'down' });
    await until(() => bench.sandbox.calls.count({ method: 'POST', path: /\/externalhostevents$/ }) === 1);

    const lists = bench.sandbox.calls.list().filter(({ path }) => /\/(?:hosts|externalhostevents)\?/.test(path));
    expect(lists.map(({ path }) => /hosts|externalhostevents/.exec(path)?.[0])).toEqual([
      'externalhostevents',
      'hosts',
    ]);
  });

  it('evacuates by the id of the host, never by a label, which would take every host that has it', async () => {
    addMachine('web-1');
    const id = addMachine('web-2');

    await trigger(replica, { action: 'down' });

    const events = await bench.connect().collection('externalHostEvents').list();
    expect(events).toMatchObject([{ eventType: 'host.evacuate', hostId: id, hostLabel: null, deleteHost: true }]);
  });

  it('removes the oldest when asked to', async () => {
    for (const name of ['web-1', 'web-2', 'web-3']) addMachine(name);

    await trigger(replica, { action: 'down', deleteOption: 'leastRecent' });

    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-2', 'web-3']);
  });

  it('counts 10 triggers at once: one host each until min is reached (defect 9, #7978)', async () => {
    for (let number = 1; number <= 8; number += 1) addMachine(`web-${String(number)}`);

    const executions = await Promise.all(
      Array.from({ length: 10 }, () => trigger(replica, { action: 'down', min: 2 })),
    );

    expect(executions.filter(({ outcome }) => outcome === 'scaled')).toHaveLength(6);
    expect(executions.filter(({ outcome }) => outcome === 'limit-reached')).toHaveLength(4);
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'web-2']);
  });

  it('takes no host twice that is on its way out already, one trigger after the other', async () => {
    for (let number = 1; number <= 6; number += 1) addMachine(`web-${String(number)}`);

    const ids: string[] = [];
    for (let call = 0; call < 4; call += 1) ids.push(await send(replica, { action: 'down' }));
    const executions = await Promise.all(ids.map((id) => replica.ended(id)));

    expect(executions.map(({ outcome }) => outcome)).toEqual(['scaled', 'scaled', 'scaled', 'scaled']);
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'web-2']);
  });

  it('takes no host twice whose removal ends between the two lists of one reading', async () => {
    const [, , third] = ['web-1', 'web-2', 'web-3'].map((name) => addMachine(name));
    await bench
      .connect()
      .collection('externalHostEvents')
      .create({ eventType: 'host.evacuate', hostId: third, deleteHost: true });
    // Longer than the removal takes: the events are read when there is none under way any more.
    const answersLate = { kind: 'delay', ms: 300, when: 'before-acting' } as const;
    bench.sandbox.faults.add({ method: 'GET', path: /\/externalhostevents/, fault: answersLate });

    expect(await trigger(replica, { action: 'down' })).toMatchObject({ outcome: 'scaled', from: 2, to: 1 });
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1']);
  });

  it('removes one host for amount 1 though three are inactive (defect 7), a bad one first', async () => {
    addMachine('web-1');
    for (const name of ['web-2', 'web-3', 'web-4']) addMachine(name, { state: 'inactive' });
    addMachine('web-5');

    expect(await trigger(replica, { action: 'down' })).toMatchObject({ outcome: 'scaled', from: 5, to: 4 });
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'web-2', 'web-3', 'web-5']);
  });

  it('removes only hosts with every label (defect 2)', async () => {
    addMachine('both-1', { labels: { tier: 'web', zone: 'b' } });
    addMachine('both-2', { labels: { tier: 'web', zone: 'b' } });
    addMachine('half-1');
    addMachine('half-2', { labels: { zone: 'b' } });

    await trigger(replica, { action: 'down', hostSelector: { tier: 'web', zone: 'b' } });

    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['both-1', 'half-1', 'half-2']);
  });

  it('leaves custom hosts alone unless told otherwise, but counts them', async () => {
    addMachine('web-1');
    const custom = bench.sandbox.addHost({ projectId, name: 'custom', labels: tier });

    expect(await trigger(replica, { action: 'down' })).toMatchObject({ outcome: 'scaled', from: 2, to: 1 });
    expect(hostsOf(bench.sandbox)).toEqual([]);
    addMachine('web-2');
    expect(
      await trigger(replica, { action: 'down', customHosts: 'remove', deleteOption: 'leastRecent' }),
    ).toMatchObject({ outcome: 'scaled', from: 2, to: 1 });
    expect(bench.sandbox.inspect(custom)).toMatchObject({ state: 'purged' });
  });

  it('removes a machine still being made by DELETE', async () => {
    addMachine('web-1');
    bench.sandbox.machines.readyMs = 600_000;
    const up = await send(replica);
    await until(() => hostsOf(bench.sandbox)[1]?.state === 'provisioning');

    expect(await trigger(replica, { action: 'down' })).toMatchObject({ outcome: 'scaled', from: 2, to: 1 });
    expect(await replica.ended(up)).toMatchObject({ outcome: 'failed', code: 'HOST_FAILED' });
    expect(bench.sandbox.calls.list().filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  it('removes several at once and still not one below min', async () => {
    const ids = Array.from({ length: 10 }, (_, at) => addMachine(`web-${String(at + 1)}`));
    Object.assign(bench.sandbox.latency, { readMs: 5, writeMs: 20 });
    const rancher = bench.connect();
    const snapshot = await scaleHost.read(`${projectId}/hosts`, rancher, {});
    const config = settings({ action: 'down', amount: 8, min: 2 });
    const asked = [{ itemId: 'item', config, signal: { says: 'fire', reason: 'called' } as const }];
    const { change } = scaleHost.plan(asked, snapshot, {});
    if (change === undefined) throw new Error('nothing was planned');
    // The two that were to stay.
    for (const hostId of ids.slice(0, 2))
      await rancher.collection('externalHostEvents').create({ eventType: 'host.evacuate', hostId, deleteHost: true });
    bench.sandbox.calls.clear();

    const context = { rancher, read: {}, write: {}, ageMs: 0, lateWriteMs: 60_000 };
    const progress = await scaleHost.converge(readLongAgo(change), { ...context, sendState: 'fresh' });

    const sent = bench.sandbox.calls.count({ method: 'POST', path: /externalhostevents$/ });
    const stays = (progress as { change: HostChange }).change.remove.filter(({ result }) => result?.kind === 'limit');
    expect([sent, stays.length]).toEqual([6, 2]);
    expect(bench.sandbox.calls.mostAtOnce()).toBeGreaterThan(2);
  });

  it('counts a host that a hand removed meanwhile as the one that was to go, and takes no other', async () => {
    const [, , third] = ['web-1', 'web-2', 'web-3'].map((name) => addMachine(name));
    const rancher = bench.connect();
    const snapshot = await scaleHost.read(`${projectId}/hosts`, rancher, {});
    const signal = { says: 'fire', reason: 'called' } as const;
    const asked = [{ itemId: 'item', config: settings({ action: 'down' }), signal }];
    const { change } = scaleHost.plan(asked, snapshot, {});
    await rancher.collection('externalHostEvents').create({
      eventType: 'host.evacuate',
      hostId: third,
      deleteHost: true,
    });
    await until(() => hostsOf(bench.sandbox).length === 2);
    if (change === undefined) throw new Error('nothing was planned');

    const context = { rancher, read: {}, write: {}, ageMs: 0, lateWriteMs: 60_000 };
    await scaleHost.converge(readLongAgo(change), { ...context, sendState: 'fresh' });
    const end = await scaleHost.follow?.(change, context);

    expect(end).toMatchObject({ kind: 'done', results: [{ outcome: 'scaled', to: 2 }] });
    expect(namesOf(hostsOf(bench.sandbox))).toEqual(['web-1', 'web-2']);
    expect(await rancher.collection('externalHostEvents').list()).toHaveLength(1);
  });

  it('evacuates a host that somebody has just activated again: it runs containers, which a DELETE would kill', async () => {
    addMachine('web-1');
    addMachine('web-2', { state: 'activating' });

    expect(await trigger(replica, { action: 'down' })).toMatchObject({ outcome: 'scaled', from: 2, to: 1 });
    const sent = bench.sandbox.calls.list().filter(({ method }) => method !== 'GET');
    expect(sent.map(({ method, path }) => [method, path.split('/').at(-1)])).toEqual([['POST', 'externalhostevents']]);
  });

  it('stops at min when a hand removes a host after the decision', async () => {
    const [, , third] = ['web-1', 'web-2', 'web-3'].map((name) => addMachine(name));
    const rancher = bench.connect();
    const snapshot = await scaleHost.read(`${projectId}/hosts`, rancher, {});
    const { change } = scaleHost.plan(
      [{ itemId: 'item', config: settings({ action: 'down', amount: 2 }), signal: { says: 'fire', reason: 'called' } }],
      snapshot,
      {},
    );
    const first = hostsOf(bench.sandbox)[0]?.id ?? '';
    await rancher.hosts.action(first, 'deactivate', {});
    await until(() => bench.sandbox.inspect(first)?.['state'] === 'inactive');
    await rancher.hosts.remove(first);
    await until(() => bench.sandbox.inspect(first)?.['state'] === 'removed');
    if (change === undefined) throw new Error('nothing was planned');

    const context = { rancher, read: {}, write: {}, ageMs: 0, lateWriteMs: 60_000 };
    const progress = await scaleHost.converge(readLongAgo(change), { ...context, sendState: 'fresh' });

    expect(progress).toMatchObject({
      kind: 'later',
      change: { remove: [{ hostId: third }, { hostname: 'web-2', result: { kind: 'limit' } }] },
    });
  });
});
