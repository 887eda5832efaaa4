import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { startOwnPresence, type PresenceParts } from '../../src/cli/presence.ts';
import { ServiceError } from '../../src/domain/errors.ts';
import type { Presence } from '../../src/installations/presence.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { RancherServer } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

const away = new ServiceError('RANCHER_UNAVAILABLE', 'cannot list genericObject: rancher answered 500');
const gone = new ServiceError('PROJECT_NOT_FOUND', 'environment 1a7 is unknown or out of reach');

let sandbox: Sandbox;
let server: RancherServer;
let presence: Presence | undefined;
let logged: string[];
/** Environments whose receivers are held in memory, and how many they are or why they are not known. */
let inUse: Map<string, number | ServiceError>;

beforeEach(async () => {
  sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
  server = connectRancher({ url: sandbox.url, credentials: sandbox.adminKey });
  logged = [];
  inUse = new Map();
});

afterEach(async () => {
  await presence?.close();
  presence = undefined;
  await server.close();
  await sandbox.close();
});

async function start(rancherServer: PresenceParts['rancherServer'] = server): Promise<Presence> {
  presence = await startOwnPresence({
    config: { rancher: { url: sandbox.url, ...sandbox.adminKey }, installPlace: 'rancher-proxy' },
    store: { isShared: false, installationId: async () => 'one' },
    rancherServer,
    rancherOf: (projectId) => server.project(projectId),
    receivers: {
      projectsInUse: () => [...inUse.keys()],
      list: async (projectId) => {
        const found = inUse.get(projectId) ?? 0;
        if (typeof found !== 'number') throw found;
        return Array.from({ length: found }, () => ({}) as never);
      },
    },
    logger: createLogger({ level: 'warn', destination: { write: (line) => void logged.push(line) } }),
    timing: { beatEveryMs: 20, staleAfterMs: 500, litterAfterMs: 60_000 },
  });
  return presence;
}

const place = (projectId: string): string =>
  sandbox.addGenericObject({ projectId, kind: 'webhookReceiver', name: 'up', key: projectId, resourceData: {} });

/** How often this installation said in an environment that it is there. */
const beats = (projectId: string): number =>
  ['POST', 'PUT']
    .map((method) => sandbox.calls.count({ method, path: new RegExp(`projects/${projectId}/genericobjects`, 'i') }))
    .reduce((sum, count) => sum + count, 0);

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(5);
}

async function untilMoreBeats(projectId: string, more = 3): Promise<void> {
  const before = beats(projectId);
  await until(() => beats(projectId) >= before + more);
}

const refuse = (path: RegExp, status: number): void =>
  sandbox.faults.add({ path, times: Infinity, fault: { kind: 'status', status, when: 'before-acting' } });

describe('cli/presence', () => {
  it('is said where there are receivers, whether they are held in memory or not, and nowhere else', async () => {
    place('1a7');
    inUse.set('1a5', 1);
    await start();

    await untilMoreBeats('1a5');
    await untilMoreBeats('1a7');
    inUse.set('1a5', 0);
    await untilMoreBeats('1a7');
    const before = beats('1a5');
    await untilMoreBeats('1a7');

    expect(beats('1a5')).toBe(before);
    expect(logged).toEqual([]);
  });

  it.each([403, 404, 503])('is said where it can be, while another environment answers %i', async (status) => {
    place('1a5');
    place('1a7');
    refuse(/projects\/1a7\//i, status);
    const running = await start();

    await untilMoreBeats('1a5');

    expect(running.executors()).toMatchObject({ live: [] });
    expect(logged.filter((line) => line.includes('"1a7"'))).toHaveLength(status === 503 ? 1 : 0);
  });

  it('goes on where receivers are known and cannot be read just now', async () => {
    inUse.set('1a5', 1).set('1a7', 1);
    await start();
    await untilMoreBeats('1a7', 1);

    inUse.set('1a7', away);
    await untilMoreBeats('1a7');
    await untilMoreBeats('1a5');

    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('"projectId":"1a7"');
  });

  it('asks again soon where receivers could not be read and none are known', async () => {
    place('1a5');
    place('1a7');
    refuse(/projects\/1a7\//i, 503);
    await start();
    await untilMoreBeats('1a5', 1);

    sandbox.faults.clear();

    await untilMoreBeats('1a7', 1);
  });

  it('ends where Rancher says that the environment is gone', async () => {
    inUse.set('1a5', 1).set('1a7', 1);
    await start();
    await untilMoreBeats('1a7', 1);

    inUse.set('1a7', gone);
    await untilMoreBeats('1a5');
    const before = beats('1a7');
    await untilMoreBeats('1a5');

    expect(beats('1a7')).toBe(before);
    expect(logged).toEqual([]);
  });

  it('ends where our key does not reach the environment any more', async () => {
    place('1a5');
    place('1a7');
    let reached = ['1a5', '1a7'];
    await start({ listProjects: async () => (await server.listProjects()).filter(({ id }) => reached.includes(id)) });
    await untilMoreBeats('1a7', 1);

    reached = ['1a5'];
    await untilMoreBeats('1a5', 12);
    const before = beats('1a7');
    await untilMoreBeats('1a5');

    expect(beats('1a7')).toBe(before);
  });

  it('goes on where receivers are known while the environments cannot be listed', async () => {
    inUse.set('1a5', 1);
    refuse(/\/projects(?:\?|$)/i, 503);
    const running = await start();

    await untilMoreBeats('1a5', 12);

    expect(running.executors()).toEqual({ live: [], undecided: [], oldServiceIn: [] });
    expect(logged).toHaveLength(1);
  });

  it('says that it does not know whom else there is while nothing is known', async () => {
    place('1a5');
    refuse(/projects\/1a5\//i, 503);
    const running = await start();

    await until(() => running.executors().unknown !== undefined);
    sandbox.faults.clear();

    await until(() => running.executors().unknown === undefined);
    await untilMoreBeats('1a5', 1);
  });
});
