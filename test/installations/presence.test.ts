import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { installationKind, listHeartbeats } from '../../src/installations/heartbeat.ts';
import { startPresence, type Presence, type PresenceOptions } from '../../src/installations/presence.ts';
import type { Rancher, RancherServer } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

const timing = { beatEveryMs: 30, staleAfterMs: 250, litterAfterMs: 1_000 };

let sandbox: Sandbox;
let server: RancherServer;
let rancher: Rancher;
const running: Presence[] = [];

beforeEach(async () => {
  sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50, conflictRate: 0 });
  server = connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.project });
  rancher = server.project('1a5');
});

afterEach(async () => {
  for (const presence of running.splice(0)) await presence.close();
  await server.close();
  await sandbox.close();
});

function start(installation: string, more: Partial<PresenceOptions> = {}): Presence {
  const presence = startPresence({
    installation,
    version: '1.0.0',
    host: `host-of-${installation}`,
    isShared: false,
    projects: async () => ['1a5'],
    rancher: () => rancher,
    log: { warn: () => undefined, debug: () => undefined },
    timing,
    ...more,
  });
  running.push(presence);
  return presence;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(5);
}

const installationsSeen = async (): Promise<readonly string[]> =>
  (await listHeartbeats(rancher)).map(({ installation }) => installation);

describe('installations/presence', () => {
  it('lets two installations of one environment see each other, until one ends', async () => {
    const [one, other] = [start('one'), start('other')];

    await until(() => one.executors().live.length > 0 && other.executors().live.length > 0);
    expect(one.executors().live).toMatchObject([{ projectId: '1a5', installation: 'other', host: 'host-of-other' }]);
    await other.close();

    await until(() => one.executors().live.length === 0);
    expect(await installationsSeen()).toEqual(['one']);
  });

  it('counts replicas of one installation as one, with one object, also when they begin at once', async () => {
    const replicas = [1, 2, 3].map(() => start('one', { isShared: true }));

    await until(async () => (await installationsSeen()).length === 1);
    await pause(5 * timing.beatEveryMs);

    expect(await installationsSeen()).toEqual(['one']);
    for (const replica of replicas) expect(replica.executors()).toEqual({ live: [], undecided: [], oldServiceIn: [] });
  });

  it('goes on speaking for the installation when the replica that spoke has died', async () => {
    const first = start('one', { isShared: true });
    await until(async () => (await installationsSeen()).length === 1);
    start('one', { isShared: true });
    const watcher = start('watcher');
    await until(() => watcher.executors().live.length > 0);

    await first.close();
    await pause(2 * timing.staleAfterMs);

    expect(watcher.executors().live).toMatchObject([{ installation: 'one' }]);
  });

  it('is not frightened by what a crash left behind, and clears it away at last', async () => {
    const resourceData = { installation: 'gone', version: '1', host: 'h', beat: 'b', at: new Date().toISOString() };
    await rancher.genericObjects.create({ kind: installationKind, name: 'receiver-hooks', resourceData });
    const presence = start('one');

    await until(() => presence.executors().undecided.length > 0);
    expect(presence.executors().live).toEqual([]);
    await until(async () => (await installationsSeen()).join() === 'one');

    expect(presence.executors()).toMatchObject({ live: [], undecided: [] });
  });

  it('passes over what members of the environment wrote in its kind', async () => {
    for (const resourceData of [null, { installation: 7 }, { installation: 'x'.repeat(500) }])
      await rancher.genericObjects.create({ kind: installationKind, name: 'odd', resourceData });
    const presence = start('one');

    await until(async () => (await installationsSeen()).length === 1);

    expect(presence.executors()).toEqual({ live: [], undecided: [], oldServiceIn: [] });
  });

  it('says that it does not know while Rancher is away, and knows again afterwards', async () => {
    const presence = start('one');
    await until(async () => (await installationsSeen()).length === 1);

    await sandbox.faults.goAway();
    await until(() => presence.executors().unknown !== undefined);
    await sandbox.faults.comeBack();

    await until(() => presence.executors().unknown === undefined);
  });

  describe('in two environments, one of which fails', () => {
    const logged: { readonly level: string; readonly facts: object }[] = [];
    const log = {
      warn: (facts: object) => void logged.push({ level: 'warn', facts }),
      debug: (facts: object) => void logged.push({ level: 'debug', facts }),
    };
    const both = {
      projects: async () => ['1a5', '1a7'],
      rancher: (projectId: string) => admin.project(projectId),
      log,
    };
    const heartbeatsOf1a7 = /projects\/1a7\/genericobjects/i;
    let admin: RancherServer;

    beforeEach(() => {
      logged.length = 0;
      admin = connectRancher({ url: sandbox.url, credentials: sandbox.adminKey });
    });
    afterEach(() => admin.close());

    const fails = (status: number): void =>
      sandbox.faults.add({
        path: heartbeatsOf1a7,
        times: Infinity,
        fault: { kind: 'status', status, when: 'before-acting' },
      });

    it('tells of another installation in the one that answers, and that it does not know of the other', async () => {
      fails(503);
      const presence = start('one', both);
      start('other');

      await until(() => presence.executors().live.length > 0);
      await until(() => logged.some(({ level }) => level === 'warn'));

      expect(logged.find(({ level }) => level === 'warn')?.facts).toMatchObject({
        projectId: '1a5',
        installation: 'other',
      });
      expect(logged.find(({ level }) => level === 'debug')?.facts).toMatchObject({ projectId: '1a7' });
      expect(presence.executors().unknown).toMatch(/^1a7: .*503/);
      sandbox.faults.clear();
      await until(() => presence.executors().unknown === undefined);
    });

    it.each([403, 404])('does not wait to know of one that is gone (%i)', async (status) => {
      fails(status);
      const looked = sandbox.calls.count({ method: 'GET', path: heartbeatsOf1a7 }) + 3;
      const presence = start('one', both);

      await until(() => sandbox.calls.count({ method: 'GET', path: heartbeatsOf1a7 }) > looked);

      expect(presence.executors()).toEqual({ live: [], undecided: [], oldServiceIn: [] });
      expect(await installationsSeen()).toEqual(['one']);
    });

    it('forgets at once whom it saw in one that is gone since', async () => {
      const there = { projects: async () => ['1a7'], rancher: both.rancher };
      start('other', there);
      const presence = start('one', { ...both, timing: { ...timing, staleAfterMs: 600_000 } });
      await until(() => presence.executors().live.length > 0);

      fails(403);

      const nobody = { live: [], undecided: [], oldServiceIn: [] };
      // A beat that was refused in between is told of until the next look.
      await until(() => isDeepStrictEqual(presence.executors(), nobody));
    });
  });

  it("notices Rancher's own service", async () => {
    const presence = start('one', { oldServiceAnswers: async (projectId) => projectId === '1a5' });

    await until(() => presence.executors().oldServiceIn.length > 0);
    expect(presence.executors().oldServiceIn).toEqual(['1a5']);
  });
});
