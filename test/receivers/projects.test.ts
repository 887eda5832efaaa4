import { beforeEach, describe, expect, it } from '@jest/globals';
import { ServiceError } from '../../src/domain/errors.ts';
import { drivers } from '../../src/drivers/drivers.ts';
import { formats } from '../../src/formats/formats.ts';
import type { Rancher } from '../../src/rancher/rancher.ts';
import type { Project } from '../../src/rancher/resources.ts';
import { Projects } from '../../src/receivers/projects.ts';
import { createSealing } from '../../src/receivers/sealing.ts';

const minuteMs = 60_000;

/** A Rancher that answers what it is told to for each environment, and whose change streams are silent for so long. */
class FakeServer {
  readonly answers = new Map<string, Partial<Project> | ServiceError>();
  readonly silentForMs = new Map<string, number>();
  reads = 0;
  watched: string[] = [];
  open: string[] = [];

  project(projectId: string): Rancher {
    this.open.push(projectId);
    const rancher = {
      readProject: async () => {
        this.reads += 1;
        const answer = this.answers.get(projectId) ?? {};
        if (answer instanceof ServiceError) throw answer;
        return { id: projectId, type: 'project', state: 'active', ...answer };
      },
      changes: () => ({
        silentForMs: () => this.silentForMs.get(projectId) ?? 0,
        watch: () => {
          this.watched.push(projectId);
          return () => (this.watched = this.watched.filter((each) => each !== projectId));
        },
      }),
      close: async () => void (this.open = this.open.filter((each) => each !== projectId)),
    };
    return rancher as unknown as Rancher;
  }
}

let nowMs: number;
let server: FakeServer;
let projects: Projects;

beforeEach(async () => {
  nowMs = 0;
  server = new FakeServer();
  projects = new Projects({
    server,
    kinds: { drivers, formats },
    custody: { sealing: createSealing(Buffer.alloc(32, 5)), triggerKeys: 'hashed' },
    nowMs: () => nowMs,
    lateWriteMs: 0,
    onReloadFailed: () => undefined,
    removeObject: () => Promise.resolve(),
  });
  await projects.open('1a5');
  await projects.open('1a7');
});

/** What was begun without being waited for has had its turn. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const forbidden = new ServiceError('RANCHER_UNAUTHORIZED', 'refused', { rancherStatus: 403 });
const notFound = new ServiceError('RANCHER_NOT_FOUND', 'no such project', { rancherStatus: 404 });

describe('receivers/projects', () => {
  it.each([
    ['is removed', { state: 'removed' }],
    ['is purged', notFound],
    ['is out of reach of our key', forbidden],
  ])('lets go of an environment that %s, and of no other', async (_what, answer) => {
    server.answers.set('1a7', answer);
    server.silentForMs.set('1a7', Infinity);
    nowMs += minuteMs;

    await projects.open('1a5');
    await projects.open('1a7');
    await settled();

    expect(projects.ids()).toEqual(['1a5']);
    expect({ open: server.open, watched: server.watched }).toEqual({ open: ['1a5'], watched: ['1a5'] });
    expect(projects.silentForMs()).toBe(0);
    await expect(projects.open('1a7')).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' });
  });

  it('opens one anew that is there again', async () => {
    server.answers.set('1a7', forbidden);
    nowMs += minuteMs;
    await projects.open('1a7');
    await settled();

    server.answers.delete('1a7');
    nowMs += 5_000;
    const { projectId } = await projects.open('1a7');

    expect(projectId).toBe('1a7');
    expect(projects.ids()).toEqual(['1a5', '1a7']);
    expect(server.watched).toEqual(['1a5', '1a7']);
  });

  it.each([
    ['Rancher is away', new ServiceError('RANCHER_UNAVAILABLE', 'away')],
    ['a proxy refuses', new ServiceError('RANCHER_UNAUTHORIZED', 'refused by something in front of rancher')],
    ['our key is refused everywhere', new ServiceError('RANCHER_UNAUTHORIZED', 'refused', { rancherStatus: 401 })],
    ['it is there', {}],
  ])('keeps an environment while %s', async (_what, answer) => {
    server.answers.set('1a7', answer);
    nowMs += minuteMs;

    await projects.open('1a7');
    await settled();

    expect(projects.ids()).toEqual(['1a5', '1a7']);
    expect(server.open).toEqual(['1a5', '1a7']);
  });

  it('asks Rancher once a minute at most, and lets nobody wait for it', async () => {
    const before = server.reads;
    const openAll = () => Promise.all(Array.from({ length: 20 }, () => projects.open('1a7')));

    nowMs += minuteMs - 1;
    await openAll();
    expect(server.reads).toBe(before);
    nowMs += 1;
    await openAll();
    await settled();
    await openAll();

    expect(server.reads).toBe(before + 1);
  });

  it('closes what it holds once, also when it is told of an end meanwhile', async () => {
    server.answers.set('1a7', forbidden);
    nowMs += minuteMs;
    await projects.open('1a7');

    await projects.close();
    await settled();

    expect({ open: server.open, watched: server.watched, ids: projects.ids() }).toEqual({
      open: [],
      watched: [],
      ids: [],
    });
  });
});
