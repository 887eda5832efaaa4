import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { HeldLane, NewExecution, Store } from '../../src/storage/store.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';

const target = '1a5/service/1s7/scale';
const otherTarget = '1a5/service/1s8/scale';
const cancelled = { code: 'CANCELLED', message: 'cancelled before anything was sent' } as const;

let postgres: PostgresServer;
let directory: string;
const opened: Store[] = [];

beforeAll(async () => {
  postgres = await startPostgresServer();
  directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-upkeep-'));
}, 60_000);

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

afterAll(async () => {
  await postgres.close();
  await rm(directory, { recursive: true });
});

const engines = [
  { engine: 'SQLite', locate: async () => join(directory, `${randomUUID()}.sqlite`), open: openSqliteStore },
  {
    engine: 'PostgreSQL',
    locate: () => postgres.createDatabase(),
    open: (url: string) => openPostgresStore({ url }),
  },
];

let made = 0;
function execution(overrides: Partial<NewExecution> = {}): NewExecution {
  made += 1;
  return {
    id: `e${String(made).padStart(6, '0')}`,
    projectId: '1a5',
    receiverId: '1go3',
    receiverName: 'webapp-up',
    driver: 'scaleService',
    format: 'generic',
    config: { serviceId: '1s7', amount: 1 },
    signal: { says: 'fire', reason: 'called', dedupeKey: 'k' },
    targets: [target],
    seenKeys: [],
    sendWithinMs: 600_000,
    laneLimit: 1_000,
    ...overrides,
  };
}

const ignored = (): NewExecution => execution({ targets: [], signal: { says: 'ignore', reason: 'resolved' } });

async function hold(store: Store, lane = target): Promise<HeldLane> {
  const opening = await store.openRound({ target: lane, holder: 'replica-1', leaseMs: 15_000, doubtMs: 10_000 });
  if (opening.kind !== 'held') throw new Error('somebody else holds the lane');
  return opening;
}

async function send(store: Store, { epoch, waiting }: HeldLane, lane = target): Promise<unknown> {
  const items = waiting.map(({ itemId }) => ({ itemId, message: 'scaled', from: 1, to: 2 }));
  const change = { changeId: randomUUID(), driver: 'scaleService', body: {}, items };
  return store.commitRound({ target: lane, epoch, ended: [], change });
}

describe.each(engines)('storage/operations on $engine', ({ locate, open }) => {
  async function openStore(at?: string): Promise<Store> {
    const store = await open(at ?? (await locate()));
    opened.push(store);
    return store;
  }

  describe('a cancellation', () => {
    it('ends what waits as failed and proven not applied, and frees its keys', async () => {
      const store = await openStore();
      const key = { kind: 'event', hash: 'h', bodyHash: 'b', livesForMs: 60_000 } as const;
      const asked = execution({ targets: [target, otherTarget], seenKeys: [key] });
      await store.accept([asked]);

      expect(await store.cancel({ executionId: asked.id, end: cancelled })).toBe('cancelled');

      const ended = { outcome: 'failed', applied: 'no', ...cancelled };
      expect(await store.findExecution(asked.id)).toMatchObject({
        state: 'finished',
        outcome: 'failed',
        applied: 'no',
        code: 'CANCELLED',
        items: [ended, ended],
      });
      expect((await hold(store)).waiting).toEqual([]);
      expect(await store.accept([execution({ seenKeys: [key] })])).toEqual([{ kind: 'accepted' }]);
    });

    it('leaves alone what is under way, even in one of several targets', async () => {
      const store = await openStore();
      const asked = execution({ targets: [target, otherTarget] });
      await store.accept([asked]);
      await send(store, await hold(store));

      expect(await store.cancel({ executionId: asked.id, end: cancelled })).toBe('begun');

      expect((await hold(store, otherTarget)).waiting).toHaveLength(1);
      expect(await store.findExecution(asked.id)).toMatchObject({ state: 'waiting' });
    });

    it('says what has ended, and what is not there', async () => {
      const store = await openStore();
      const over = ignored();
      await store.accept([over]);

      expect(await store.cancel({ executionId: over.id, end: cancelled })).toBe('finished');
      expect(await store.cancel({ executionId: 'none', end: cancelled })).toBe('unknown');
    });

    it('rolls the round back that had already read the item', async () => {
      const store = await openStore();
      const asked = execution();
      await store.accept([asked]);
      const lane = await hold(store);

      await store.cancel({ executionId: asked.id, end: cancelled });

      expect(await send(store, lane)).toEqual({ kind: 'lane-lost' });
      expect((await hold(store)).open).toBeUndefined();
    });

    it('and a round that begins at the same time never both win', async () => {
      const store = await openStore();
      for (let turn = 0; turn < 25; turn += 1) {
        const asked = execution();
        await store.accept([asked]);
        const lane = await hold(store);

        const [end, sent] = await Promise.all([
          store.cancel({ executionId: asked.id, end: cancelled }),
          send(store, lane),
        ]);

        const wasSent = (sent as { kind: string }).kind === 'committed';
        expect(end).toBe(wasSent ? 'begun' : 'cancelled');
        const after = await hold(store);
        if (after.open === undefined) continue;
        await store.closeChange({
          target,
          epoch: after.epoch,
          changeId: after.open.changeId,
          attempt: { result: 'done' },
          end: { kind: 'ended', state: 'done', outcome: 'scaled' },
        });
      }
    });
  });

  it('ends an execution whose last two items end at the same moment', async () => {
    const store = await openStore();
    for (let turn = 0; turn < 25; turn += 1) {
      const asked = execution({ targets: [target, otherTarget] });
      await store.accept([asked]);
      const lanes = [await hold(store), await hold(store, otherTarget)];

      await Promise.all(
        lanes.map(({ epoch, waiting }, index) =>
          store.commitRound({
            target: [target, otherTarget][index] ?? '',
            epoch,
            ended: waiting.map(({ itemId }) => ({ itemId, outcome: 'unchanged', message: 'nothing to change' })),
          }),
        ),
      );

      expect(await store.findExecution(asked.id)).toMatchObject({ state: 'finished', outcome: 'unchanged' });
    }
  });

  it('tells what an execution was asked for with', async () => {
    const store = await openStore();
    const asked = execution();
    await store.accept([asked]);

    expect(await store.findSignal(asked.id)).toEqual(asked.signal);
    expect(await store.findSignal('none')).toBeUndefined();
  });

  it('keeps the name of its installation for good', async () => {
    const at = await locate();
    const store = await openStore(at);

    const names = await Promise.all(['first', 'second', 'third'].map((name) => store.installationId(name)));

    expect(new Set(names).size).toBe(1);
    await opened.pop()?.close();
    expect(await (await openStore(at)).installationId('later')).toBe(names[0]);
  });

  describe('pruning', () => {
    it('takes the oldest first, so many at a time, until it finds nothing more', async () => {
      const store = await openStore();
      const all = Array.from({ length: 25 }, ignored);
      await store.accept(all);

      const bites: number[] = [];
      do bites.push(await store.prune({ olderThanMs: 60_000, keep: 5, atMost: 8 }));
      while (bites.at(-1) !== 0);

      expect(bites).toEqual([8, 8, 4, 0]);
      const left = await store.listExecutions({ projectId: '1a5', limit: 100 });
      expect(left.map(({ id }) => id)).toEqual(
        all
          .slice(-5)
          .map(({ id }) => id)
          .toReversed(),
      );
    });

    it('is not held up by what is older and unfinished', async () => {
      const store = await openStore();
      const waiting = [execution(), execution(), execution()];
      await store.accept([...waiting, ...Array.from({ length: 5 }, ignored)]);
      await pause(20);

      expect(await store.prune({ olderThanMs: 10, keep: 1_000, atMost: 2 })).toBe(2);
      expect(await store.prune({ olderThanMs: 10, keep: 1_000, atMost: 100 })).toBe(3);

      expect((await hold(store)).waiting).toHaveLength(3);
    });

    it('takes the attempts with it', async () => {
      const store = await openStore();
      await store.accept([execution()]);
      const lane = await hold(store);
      const ended = lane.waiting.map(({ itemId }) => ({ itemId, outcome: 'unchanged', message: '' }) as const);
      await store.commitRound({ target, epoch: lane.epoch, ended, attempt: { result: 'looked' } });
      await pause(20);

      expect(await store.prune({ olderThanMs: 10, keep: 1_000, atMost: 10 })).toBe(1);

      const next = execution();
      await store.accept([next]);
      expect(await store.findExecution(next.id)).toMatchObject({ attempts: [] });
    });
  });
});
