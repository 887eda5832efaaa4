import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Progress } from '../../../src/drivers/driver.ts';
import type { HostChange } from '../../../src/drivers/scale-host/change.ts';
import { followHosts } from '../../../src/drivers/scale-host/follow.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { hostsOf, projectId, tier, until } from '../support/host-triggers.ts';

const minute = 60_000;

describe('drivers/scale-host/follow', () => {
  let sandbox: Sandbox;
  let rancher: Rancher;
  let close: () => Promise<void>;

  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
    const server = connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.project });
    rancher = server.project(projectId);
    close = async () => {
      await server.close();
      await sandbox.close();
    };
  });
  afterEach(() => close());

  const stand = (state: string, said?: string): string =>
    sandbox.addMachine({
      projectId,
      hostname: 'web-2',
      labels: tier,
      state,
      ...(said === undefined ? {} : { transitioning: 'error', transitioningMessage: said }),
    });
  const making = (hostId: string, onError: 'keep' | 'remove' = 'keep'): HostChange => ({
    items: [{ itemId: 'item', action: 'up', from: 1 }],
    groups: [{ group: { by: 'labels', selector: tier }, living: 1 }],
    create: [
      {
        itemId: 'item',
        marker: 'item.1',
        hostname: 'web-2',
        group: 0,
        source: { kind: 'clone', baseHostId: '1h1', driver: 'aliyunecs' },
        onError,
        hostId,
      },
    ],
    remove: [],
  });
  const removing = (hostId: string): HostChange => ({
    items: [{ itemId: 'item', action: 'down', from: 2 }],
    groups: [{ group: { by: 'labels', selector: tier }, living: 2 }],
    create: [],
    remove: [{ itemId: 'item', hostId, hostname: 'web-2', group: 0, min: 1 }],
  });
  const look = (change: HostChange, ageMs = 0): Promise<Progress> =>
    followHosts(change, { rancher, read: {}, write: {}, ageMs, lateWriteMs: 60_000 });
  const writes = (): readonly string[] =>
    sandbox.calls
      .list()
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.replace(/^.*1a5\//, '').replace(/1h\d+/, '<id>')}`);

  it.each([
    ['active', 'done', 'web-2 is active'],
    ['updating-active', 'done', 'web-2 is active'],
    // A hand found it ready and took it out again: it was made, and nobody can run containers on it.
    ['inactive', 'done', 'web-2 was made and is inactive'],
    ['deactivating', 'done', 'web-2 was made and is deactivating'],
    ['error', 'failed', 'web-2 failed: no reason given'],
    ['removing', 'failed', 'web-2 was removed by somebody before it was ready'],
    ['removed', 'failed', 'web-2 was removed by somebody before it was ready'],
    ['purged', 'failed', 'web-2 was removed by somebody before it was ready'],
  ])('ends for a machine that is %s: %s', async (state, kind, told) => {
    const progress = await look(making(stand(state)));

    expect(progress.kind).toBe(kind);
    expect(JSON.stringify(progress)).toContain(told);
  });

  it.each(['registering', 'provisioning', 'activating', 'erroring', 'reconnecting', 'disconnected'])(
    'watches a machine that is %s for 25 minutes',
    async (state) => {
      const change = making(stand(state));

      expect(await look(change, 24 * minute)).toMatchObject({ kind: 'later', message: 'being made: web-2' });
      expect(await look(change, 25 * minute)).toMatchObject({
        kind: 'failed',
        code: 'DEADLINE_EXCEEDED',
        message: expect.stringMatching(new RegExp(`^web-2 is still ${state} after 25 min`)) as unknown,
      });
    },
  );

  it('keeps a failed machine unless told otherwise', async () => {
    const id = stand('error', 'no quota');

    expect(await look(making(id))).toMatchObject({ kind: 'failed', message: 'web-2 failed: no quota' });
    expect(writes()).toEqual([]);
  });

  it('remembers what a failed machine said before it removes it, so that a crash in between does not lose it', async () => {
    const id = stand('error', 'no quota');

    const noted = await look(making(id, 'remove'));
    expect(writes()).toEqual([]);
    expect(noted).toMatchObject({ kind: 'later', afterMs: 0, message: 'being removed: web-2' });
    const { change } = noted as { readonly change: HostChange };
    const ended = await look(change);
    await until(() => hostsOf(sandbox).length === 0);
    // As after a crash between the removal and the commit that notes it.
    const again = await look(change);

    expect(ended).toMatchObject({ kind: 'failed', message: 'web-2 failed: no quota; it is being removed' });
    expect(again).toMatchObject({ kind: 'failed', message: 'web-2 failed: no quota; it is removed' });
    expect(writes()).toEqual(['POST externalhostevents']);
  });

  it('says so when Rancher refuses to remove a failed machine', async () => {
    const id = stand('error', 'no quota');
    const { change } = (await look(making(id, 'remove'))) as { readonly change: HostChange };
    sandbox.faults.add({ method: 'POST', fault: { kind: 'status', status: 422, when: 'before-acting' } });

    expect(await look(change)).toMatchObject({
      kind: 'failed',
      message: 'web-2 failed: no quota; it could not be removed',
    });
  });

  it.each(['active', 'inactive', 'deactivating', 'reconnecting', 'disconnected', 'provisioning'])(
    'leaves a host that is %s to its evacuation for five minutes, and forces it out then',
    async (state) => {
      const id = stand(state);
      const change = removing(id);

      expect(await look(change, 5 * minute - 1)).toMatchObject({ kind: 'later', message: 'being removed: web-2' });
      expect(writes()).toEqual([]);
      await look(change, 5 * minute);
      if (writes().at(-1)?.includes('deactivate') === true) {
        await until(() => sandbox.inspect(id)?.['state'] === 'inactive');
        await look(change, 6 * minute);
      }
      await until(() => sandbox.inspect(id)?.['state'] === 'removed');

      expect(await look(change, 7 * minute)).toMatchObject({
        kind: 'done',
        results: [{ outcome: 'scaled', to: 1, message: 'scaled down from 2 to 1: web-2 is removed' }],
      });
      expect(writes().at(-1)).toBe('DELETE hosts/<id>');
    },
  );

  it('gives a host up that cannot be removed in 25 minutes', async () => {
    expect(await look(removing(stand('removing')), 25 * minute)).toMatchObject({
      kind: 'failed',
      code: 'DEADLINE_EXCEEDED',
      message: 'web-2 is still removing after 25 min; remove it by hand',
    });
  });
});
