import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConvergeContext, Progress, SendState } from '../../../src/drivers/driver.ts';
import { scaleHost } from '../../../src/drivers/scale-host.ts';
import type { HostChange } from '../../../src/drivers/scale-host/change.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { startBench } from '../../support/executions-under-test.ts';
import {
  driverConfig,
  everMade,
  hostsOf,
  namesOf,
  projectId,
  settings,
  tier,
  trigger,
} from '../support/host-triggers.ts';

const minute = 60_000;

describe('drivers/scale-host/converge', () => {
  let sandbox: Sandbox;
  let rancher: Rancher;
  let close: () => Promise<void>;

  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
    const server = connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.project });
    rancher = server.project(projectId);
    sandbox.addMachine({ projectId, hostname: 'web-1', labels: tier, config: driverConfig });
    close = async () => {
      await server.close();
      await sandbox.close();
    };
  });
  afterEach(() => close());

  async function plan(differing: Readonly<Record<string, unknown>> = {}): Promise<HostChange> {
    const signal = { says: 'fire', reason: 'called' } as const;
    const snapshot = await scaleHost.read(`${projectId}/hosts`, rancher, {});
    const { change } = scaleHost.plan([{ itemId: 'item', config: settings(differing), signal }], snapshot, {});
    if (change === undefined) throw new Error('nothing was planned');
    return change;
  }
  const converge = (
    change: HostChange,
    sendState: SendState,
    more: Partial<ConvergeContext<HostChange>> = {},
  ): Promise<Progress> =>
    scaleHost.converge(change, { rancher, sendState, read: {}, write: {}, ageMs: 0, lateWriteMs: minute, ...more });
  const follow = async (change: unknown, ageMs: number): Promise<Progress | undefined> =>
    scaleHost.follow?.(change as HostChange, { rancher, read: {}, write: {}, ageMs, lateWriteMs: minute });

  it('decides anew, and sends nothing, when the group or a name changed before anything was sent', async () => {
    const grown = await plan();
    sandbox.addMachine({ projectId, hostname: 'web-9', labels: tier });
    expect(await converge(grown, 'unsent')).toMatchObject({ kind: 'stale' });

    const named = await plan();
    sandbox.addMachine({ projectId, hostname: 'WEB-10' });
    expect(await converge(named, 'unsent')).toEqual({ kind: 'stale', reason: 'the name web-10 was taken meanwhile' });

    const leaving = await plan({ action: 'down' });
    await rancher.collection('externalHostEvents').create({
      eventType: 'host.evacuate',
      hostId: leaving.remove[0]?.hostId,
      deleteHost: true,
    });
    expect(await converge(leaving, 'unsent')).toMatchObject({ kind: 'stale' });
    expect(sandbox.calls.list().filter(({ method, path }) => method === 'POST' && path.endsWith('/hosts'))).toEqual([]);
  });

  it('sends nothing in doubt, and twice converged makes each machine once', async () => {
    const change = await plan({ amount: 3 });
    const before = everMade(sandbox);

    expect(await converge(change, 'doubt')).toEqual({ kind: 'undecided' });
    expect(everMade(sandbox)).toBe(before);
    expect(await converge(change, 'settled-doubt')).toMatchObject({ kind: 'later' });
    expect(await converge(change, 'doubt')).toMatchObject({ kind: 'later' });
    expect(await converge(change, 'settled-doubt')).toMatchObject({ kind: 'later' });
    expect(everMade(sandbox) - before).toBe(3);
  });

  it('comes back, and is not decided anew, when the lease runs out in the middle', async () => {
    const change = await plan({ amount: 5 });
    let left = 2;
    const write = {
      beforeSend() {
        left -= 1;
        if (left < 0) throw new Error('the lease is too short');
      },
    };

    expect(await converge(change, 'fresh', { write })).toEqual({ kind: 'undecided' });
    expect(await converge(change, 'settled-doubt')).toMatchObject({ kind: 'later' });

    expect(namesOf(hostsOf(sandbox))).toEqual(['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6']);
  });

  it('throws what stopped it before anything was sent', async () => {
    const change = await plan();
    const write = {
      beforeSend() {
        throw new Error('the lease is too short');
      },
    };

    await expect(converge(change, 'fresh', { write })).rejects.toThrow('the lease is too short');
  });

  it('gives up a machine that is not ready after 25 minutes, and removes it when asked to', async () => {
    sandbox.machines.readyMs = 600 * minute;
    const progress = await converge(await plan({ onHostError: 'remove' }), 'fresh');
    const change = (progress as { change?: unknown }).change;

    expect(await follow(change, 24 * minute)).toMatchObject({ kind: 'later', afterMs: 10_000 });
    const noted = await follow(change, 25 * minute);
    expect(await follow((noted as { change?: unknown }).change, 25 * minute)).toMatchObject({
      kind: 'failed',
      code: 'DEADLINE_EXCEEDED',
      applied: 'unknown',
      results: [{ itemId: 'item', outcome: 'failed', to: 1 }],
    });
    expect(sandbox.calls.list().filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  it('keeps a failed machine unless asked to remove it', async () => {
    sandbox.machines.fail({ message: 'no quota' });
    const progress = await converge(await plan(), 'fresh');
    const change = (progress as { change?: unknown }).change;
    let end = await follow(change, 0);
    while (end?.kind === 'later') end = await follow(change, 0);

    expect(end).toMatchObject({ kind: 'failed', code: 'HOST_FAILED', message: 'web-2 failed: no quota' });
    expect(hostsOf(sandbox)).toMatchObject([{ state: 'active' }, { state: 'error' }]);
  });

  it('holds no driver config in what is stored', async () => {
    expect(JSON.stringify(await plan({ amount: 2 }))).not.toContain('driver-secret');
  });
});

describe('drivers/scale-host: a storm', () => {
  it('makes the hosts of 100 triggers with exact limits, names of their own and few lists', async () => {
    const bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    try {
      const replica = await bench.addReplica({ timing: { leaseMs: 8_000 } });
      bench.sandbox.addMachine({ projectId, hostname: 'web-1', labels: tier, config: {} });

      const executions = await Promise.all(Array.from({ length: 100 }, () => trigger(replica, { max: 91 })));
      const outcomes = executions.map(({ outcome }) => outcome);

      expect(outcomes.filter((outcome) => outcome === 'scaled')).toHaveLength(90);
      expect(outcomes.filter((outcome) => outcome === 'limit-reached')).toHaveLength(10);
      const names = namesOf(hostsOf(bench.sandbox));
      expect(new Set(names).size).toBe(91);
      const creates = bench.sandbox.calls
        .list()
        .filter(({ method, path }) => method === 'POST' && path.endsWith('/hosts'));
      expect(creates).toHaveLength(90);
      // Triggers that had a list each would make a hundred. How many rounds share them depends on how fast they arrive; on a busy
      // machine a round may also find its reading too old and read once more.
      const lists = bench.sandbox.calls.list().filter(({ path }) => path.includes('/externalhostevents?'));
      expect(lists.length).toBeLessThan(50);
    } finally {
      await bench.close();
    }
  });
});
