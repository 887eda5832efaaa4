import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import { formats } from '../../src/formats/formats.ts';
import type { ChangeWatcher } from '../../src/rancher/change-stream.ts';
import type { Rancher } from '../../src/rancher/rancher.ts';
import type { GenericObject } from '../../src/rancher/resources.ts';
import { ProjectCache } from '../../src/receivers/project-cache.ts';
import { createSealing } from '../../src/receivers/sealing.ts';

const key = 'k'.repeat(40);

function receiver(
  id: string,
  more: { readonly state?: 'active' | 'paused'; readonly id?: string; readonly key?: string } = {},
): GenericObject {
  return {
    id,
    type: 'genericObject',
    kind: 'webhookReceiver',
    name: `named-${id}`,
    key: more.key ?? key,
    state: 'active',
    created: '2026-11-23T13:00:00Z',
    resourceData: {
      url: 'http://x/',
      driver: 'scaleService',
      config: { serviceId: '1s1', action: 'up', amount: 1, min: 1, max: 4 },
      receiverHooks: {
        version: 1,
        ...(more.id === undefined ? {} : { id: more.id }),
        state: more.state ?? 'active',
        format: 'auto',
        formatSettings: {},
        repeatAfterSeconds: 600,
      },
    },
  };
}

/** A project whose list, change stream and clock are in the test's hands. */
class FakeProject {
  objects: GenericObject[] = [];
  silentForMs = 0;
  lists = 0;
  superseded: readonly string[] = [];
  watcher: ChangeWatcher = { onChange: () => undefined, onResync: () => undefined };
  nextList: Promise<void> = Promise.resolve();
  /** What the next single reads wait for, each after it has seen what is there. */
  reads: Promise<unknown>[] = [];

  open(): ProjectCache {
    const rancher = {
      genericObjects: {
        list: async () => {
          this.lists += 1;
          const seen = [...this.objects];
          await this.nextList;
          return seen;
        },
        read: async (id: string) => {
          const seen = this.objects.find((object) => object.id === id);
          await this.reads.shift();
          return seen;
        },
      },
      changes: () => ({
        silentForMs: () => this.silentForMs,
        watch: (watcher: ChangeWatcher) => {
          this.watcher = watcher;
          return () => undefined;
        },
      }),
    };
    return new ProjectCache({
      projectId: '1a5',
      rancher: rancher as unknown as Rancher,
      keeping: {
        kinds: { drivers, formats },
        custody: { sealing: createSealing(Buffer.alloc(32, 5)), triggerKeys: 'hashed' },
      },
      nowMs: () => 0,
      onSuperseded: (objectIds) => {
        this.superseded = objectIds;
      },
    });
  }

  async load(cache: ProjectCache): Promise<void> {
    this.watcher.onResync();
    while (!cache.isFresh()) await new Promise((resolve) => setImmediate(resolve));
  }
}

const stateOf = async (cache: ProjectCache): Promise<string | undefined> => {
  const found = await cache.findByKey(key);
  return found?.content.kind === 'usable' ? found.content.receiver.state : undefined;
};

afterEach(() => {
  jest.useRealTimers();
});

describe('receivers/project-cache', () => {
  it('is believed through one late ping, and not longer', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go1')];
    const cache = project.open();
    await project.load(cache);

    project.silentForMs = 7_500;
    await cache.findByKey(key);
    expect(project.lists).toBe(1);
    project.silentForMs = 7_501;
    await cache.findByKey(key);
    expect(project.lists).toBe(2);
  });

  it('is not brought back to an older state by a message that overtook our own write', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go1')];
    const cache = project.open();
    await project.load(cache);

    project.objects = [receiver('1go1', { state: 'paused' })];
    cache.noteWritten(receiver('1go1', { state: 'paused' }));
    project.watcher.onChange(receiver('1go1', { state: 'active' }));
    await new Promise((resolve) => setImmediate(resolve));

    expect(await stateOf(cache)).toBe('paused');
  });

  it('takes in what another installation did to an object of ours, whatever else is written meanwhile', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go1')];
    const cache = project.open();
    await project.load(cache);
    cache.noteWritten(receiver('1go1'));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    project.reads = [promise];

    project.objects = [receiver('1go1', { state: 'paused' })];
    project.watcher.onChange(receiver('1go1', { state: 'paused' }));
    cache.noteWritten(receiver('1go7', { key: 'other' }));
    resolve(undefined);
    await new Promise((done) => setImmediate(done));

    expect(await stateOf(cache)).toBe('paused');
  });

  it('reads again what was written here while it was read', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go1', { state: 'paused' })];
    const cache = project.open();
    await project.load(cache);
    cache.noteWritten(receiver('1go1', { state: 'paused' }));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    project.reads = [promise];

    project.watcher.onChange(receiver('1go1', { state: 'paused' }));
    project.objects = [receiver('1go1')];
    cache.noteWritten(receiver('1go1'));
    resolve(undefined);
    await new Promise((done) => setImmediate(done));

    expect(await stateOf(cache)).toBe('active');
  });

  it('takes the later of two readings, in whatever order they are answered', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go1')];
    const cache = project.open();
    await project.load(cache);
    cache.noteWritten(receiver('1go1'));
    const first = Promise.withResolvers<undefined>();
    project.reads = [first.promise];

    project.watcher.onChange(receiver('1go1'));
    project.objects = [receiver('1go1', { state: 'paused' })];
    project.watcher.onChange(receiver('1go1', { state: 'paused' }));
    await new Promise((done) => setImmediate(done));
    first.resolve(undefined);
    await new Promise((done) => setImmediate(done));

    expect(await stateOf(cache)).toBe('paused');
  });

  it('never takes back what was removed here, whatever Rancher still lists', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go1')];
    const cache = project.open();
    await project.load(cache);

    cache.noteRemoved('1go1');
    project.watcher.onChange(receiver('1go1'));
    await project.load(cache);

    expect(await cache.findByKey(key)).toBeUndefined();
    project.silentForMs = Infinity;
    expect(await cache.findByKey(key)).toBeUndefined();
  });

  it('keeps what it heard while it was loading', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go1')];
    const cache = project.open();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    project.nextList = promise;

    project.watcher.onResync();
    await new Promise((done) => setImmediate(done));
    project.watcher.onChange(receiver('1go1', { state: 'paused' }));
    project.watcher.onChange({ ...receiver('1go2', { key: 'other' }), state: 'removed' });
    resolve(undefined);
    while (!cache.isFresh()) await new Promise((done) => setImmediate(done));

    expect(await stateOf(cache)).toBe('paused');
  });

  it('gives a copied key to the receiver that was born first', async () => {
    const project = new FakeProject();
    project.objects = [receiver('1go20'), receiver('1go3')];
    const cache = project.open();
    await project.load(cache);

    expect(await cache.findByKey(key)).toMatchObject({ id: '1go3' });
  });

  it('reports what a crash left of a replacement, once nobody can be in the middle of it', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance', 'queueMicrotask'] });
    const project = new FakeProject();
    project.objects = [receiver('1go1'), receiver('1go9', { id: '1go1', key: 'other' })];
    const cache = project.open();
    await project.load(cache);

    expect(await cache.findByKey(key)).toBeUndefined();
    jest.advanceTimersByTime(29_000);
    expect(project.superseded).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(project.superseded).toEqual(['1go1']);
    cache.close();
  });
});
