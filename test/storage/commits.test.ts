import { open as openFile, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import pg from 'pg';
import type { OpenDatabase } from '../../src/storage/engine.ts';
import { NotKept } from '../../src/storage/rounds.ts';
import type { StoredExecution } from '../../src/storage/stored-execution.ts';
import { operationsOn } from '../../src/storage/operations/operations.ts';
import { openSqliteDatabase } from '../../src/storage/sqlite-database.ts';
import {
  closeChange,
  commitChange,
  hold,
  newExecution,
  round,
  roundOn,
  target,
  useEngines,
} from '../support/stores.ts';

const engines = useEngines();

async function locateSqlite(): Promise<string> {
  const sqlite = engines.find(({ engine }) => engine === 'SQLite');
  if (sqlite === undefined) throw new Error('there is no SQLite among the engines');
  return sqlite.locate();
}

describe.each(engines)('storage: what is committed on $engine', ({ engine, open, locate }) => {
  it('is nothing of a batch of which one statement fails, and the reason is told', async () => {
    const store = await open();
    const stored = newExecution();
    await store.accept([stored]);
    const other = newExecution();

    const failing = store.accept([other, newExecution({ config: undefined })]);

    // 23502: a column has no value. What PostgreSQL says of the statements after it is no reason.
    const reason = engine === 'PostgreSQL' ? /refused \(23502\)/ : /NOT NULL constraint failed/;
    await expect(failing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringMatching(reason) });
    expect(await store.findExecution(other.id)).toBeUndefined();
    expect((await hold(store)).waiting.map(({ executionId }) => executionId)).toEqual([stored.id]);
  });

  it('shows a done change ended as soon as its closing is answered, to whoever opens the database then as well', async () => {
    const place = await locate();
    const store = await open(place);
    const execution = newExecution();
    await store.accept([execution]);
    const lane = await hold(store);
    const { changeId } = await commitChange(store, lane);

    const closing = { target, epoch: lane.epoch, changeId, attempt: { result: 'done' } };
    const end = { kind: 'ended', state: 'done', outcome: 'scaled' } as const;
    expect(await store.closeChange({ ...closing, end })).toMatchObject({ kind: 'committed', next: 'rest' });

    expect(await store.findExecution(execution.id)).toMatchObject({ state: 'finished', outcome: 'scaled' });
    await store.close();
    const again = await open(place);
    expect(await again.findExecution(execution.id)).toMatchObject({ state: 'finished', outcome: 'scaled' });
    if (engine === 'SQLite') await again.endAllLeases();
    expect((await hold(again)).open).toBeUndefined();
  });

  it('is a round that was made ready only once it is wanted', async () => {
    const place = await locate();
    const store = await open(place);
    // Nobody else can look into a file of SQLite.
    const other = engine === 'PostgreSQL' ? await open(place) : undefined;
    const execution = newExecution();
    await store.accept([execution]);
    const lane = await hold(store);
    const { promise: once, resolve: want } = Promise.withResolvers<void>();

    const committing = store.commitRound({ ...roundOn(lane), once });
    await other?.ping();
    expect(await other?.findExecution(execution.id)).toEqual(
      other === undefined
        ? undefined
        : expect.objectContaining({ items: [expect.objectContaining({ state: 'waiting' })] }),
    );
    want();

    expect(await committing).toMatchObject({ kind: 'committed', next: 'more' });
    expect(await store.findExecution(execution.id)).toMatchObject({ items: [{ state: 'under-way', from: 1, to: 2 }] });
  });

  it('is nothing of a round that was made ready and is not wanted, and the same can be committed after it', async () => {
    const store = await open();
    await store.accept([newExecution()]);
    const lane = await hold(store);

    const dropped = store.commitRound({ ...roundOn(lane), once: Promise.reject(new Error('not wanted')) });

    await expect(dropped).rejects.toThrow(NotKept);
    const again = await hold(store);
    expect(again.open).toBeUndefined();
    expect(again.waiting).toHaveLength(1);
    expect(await store.commitRound(roundOn(lane))).toMatchObject({ kind: 'committed' });
  });

  it('lets others through while a round is kept ready, SQLite at its cost', async () => {
    const store = await open();
    const execution = newExecution();
    await store.accept([execution]);
    const lane = await hold(store);
    const { promise: once, resolve: want } = Promise.withResolvers<void>();

    const committing = store.commitRound({ ...roundOn(lane), once });
    const told = committing.catch((error: unknown) => error);
    // Without an end to the waiting this would never be answered.
    await store.ping();
    want();

    if (engine === 'SQLite') expect(await told).toBeInstanceOf(NotKept);
    else expect(await told).toMatchObject({ kind: 'committed' });
    const state = engine === 'SQLite' ? 'waiting' : 'under-way';
    expect(await store.findExecution(execution.id)).toMatchObject({ items: [{ state }] });
  });

  it('is a round that ends items, or has lost its lane, by the same rule', async () => {
    const store = await open();
    await store.accept([newExecution()]);
    const lost = await hold(store, { leaseMs: 0 });
    const taken = await hold(store, { holder: 'replica-2' });
    const ended = taken.waiting.map(({ itemId }) => ({ itemId, outcome: 'unchanged' as const, message: 'as it was' }));
    const ending = { target, epoch: taken.epoch, ended };

    expect(await store.commitRound({ ...roundOn(lost), once: Promise.resolve() })).toEqual({ kind: 'lane-lost' });
    await expect(store.commitRound({ ...ending, once: Promise.reject(new Error('no')) })).rejects.toThrow(NotKept);
    expect((await hold(store, { holder: 'replica-2' })).waiting).toHaveLength(1);
    expect(await store.commitRound({ ...ending, once: Promise.resolve() })).toMatchObject({ kind: 'committed' });
  });

  it('leaves the same of a done change whether its callers were told or not', async () => {
    const store = await open();
    const left: unknown[] = [];
    for (const isTold of [false, true]) {
      const execution = newExecution();
      await store.accept([execution]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      const committed = await closeChange(store, lane, changeId, { isTold });
      const next = await hold(store);
      const { sinceLastEffectiveChangeMs } = await store.readLaneHistory({ target });

      expect(committed).toMatchObject({ kind: 'committed', next: 'rest' });
      expect(next).toMatchObject({ waiting: [] });
      expect(next.open).toBeUndefined();
      expect(sinceLastEffectiveChangeMs).toBeLessThan(5_000);
      left.push(withoutIdentity(await store.findExecution(execution.id)));
    }

    expect(left[1]).toEqual(left[0]);
    expect(left[0]).toMatchObject({
      state: 'finished',
      outcome: 'scaled',
      from: 1,
      to: 2,
      attempts: [{ result: 'done' }],
    });
  });
});

/** What is stored of an execution, without what no two of them share. */
function withoutIdentity(execution: StoredExecution | undefined): unknown {
  if (execution === undefined) return undefined;
  const { id: _id, seq: _seq, acceptedAtMs: _accepted, finishedAtMs, items, attempts, ...rest } = execution;
  return {
    ...rest,
    isDated: finishedAtMs !== undefined,
    items: items.map(({ changeId: _change, ...item }) => item),
    attempts: attempts.map(({ atMs: _at, ...attempt }) => attempt),
  };
}

describe('storage: the end of an execution on PostgreSQL', () => {
  it('is heard by other replicas, unless whoever waits for it was told, and among what is no announcement', async () => {
    const postgres = engines.find(({ engine }) => engine === 'PostgreSQL');
    const url = await postgres?.locate();
    const [store, other] = await Promise.all([postgres?.open(url), postgres?.open(url)]);
    if (store === undefined || other === undefined) throw new Error('there is no PostgreSQL among the engines');
    const heard: string[] = [];
    const end = async (isTold: boolean): Promise<string> => {
      const execution = newExecution();
      await store.accept([execution]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      await closeChange(store, lane, changeId, { isTold });
      return execution.id;
    };
    other.watch({
      finished: (ids) => void heard.push(...ids),
      waiting: () => undefined,
    });
    // It listens a moment later than it was asked to.
    const before: string[] = [];
    while (heard.length === 0) before.push(await end(false));

    const client = new pg.Client({ connectionString: url });
    await client.connect();
    // Anybody who may use the database can write there.
    for (const odd of ['x', 'null', '7', '{}', '{"finished":"e1"}', '{"finished":[7]}', '{"waiting":7}', ''])
      await client.query('select pg_notify($1, $2)', ['receiver_hooks', odd]);
    await client.end();
    await end(true);
    // Announcements come in the order of the commits: the first would have come by then.
    const awaited = await end(false);
    while (!heard.includes(awaited)) await pause(1);

    expect(heard.filter((id) => !before.includes(id))).toEqual([awaited]);
  });
});

describe('storage: a decision on SQLite of which one statement fails', () => {
  it('leaves its items waiting', async () => {
    const database = await openSqliteDatabase(':memory:');
    const store = operationsOn(database);
    await store.accept([newExecution()]);
    const lane = await store.openRound(round);
    if (lane.kind !== 'held') throw new Error('somebody else holds the lane');
    // Like a statement for which there is no room: SQLite goes on with the transaction.
    await sql`create trigger refuse before insert on changes begin select raise(abort, 'no room'); end`.execute(
      database.db,
    );

    await expect(store.commitRound(roundOn(lane))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await sql`drop trigger refuse`.execute(database.db);

    expect(await store.openRound(round)).toMatchObject({ waiting: lane.waiting.map(({ itemId }) => ({ itemId })) });
    expect(await store.commitRound(roundOn(lane))).toMatchObject({ kind: 'committed' });
    await database.close();
  });
});

describe('storage: a commit on SQLite that does not wait for the disk', () => {
  // Every file handle has this prototype, and no module exports it.
  let files: { datasync: () => Promise<void> };
  let datasync: () => Promise<void>;
  let file: string;
  let database: OpenDatabase;

  beforeEach(async () => {
    file = await locateSqlite();
    database = await openSqliteDatabase(file);
    const handle = await openFile(`${file}-wal`);
    files = Object.getPrototypeOf(handle) as typeof files;
    ({ datasync } = files);
    await handle.close();
  });
  afterEach(async () => {
    files.datasync = datasync;
    await database.close();
  });

  const logSize = async (): Promise<number> => (await stat(`${file}-wal`)).size;
  const commitSoon = (hash: string) =>
    database.engine.soon(database.db, (tx) =>
      tx
        .insertInto('seen_keys')
        .values({ receiver_id: '1go3', kind: 'event', hash, body_hash: '', execution_id: 'e1', expires_at: 0 })
        .execute(),
    );

  it('is answered first, and sets out for the disk by itself', async () => {
    const before = await logSize();
    let isAnswered = false;
    const flushing = new Promise<{ isAnswered: boolean; size: number }>((resolve) => {
      files.datasync = async function flush(this: unknown) {
        await datasync.call(this);
        resolve({ isAnswered, size: await logSize() });
      };
    });

    await commitSoon('first');
    isAnswered = true;

    const flushed = await flushing;
    expect(flushed.isAnswered).toBe(true);
    expect(flushed.size).toBeGreaterThan(before);
  });

  it('is flushed again for what was committed while the disk was busy', async () => {
    const flushes: (() => void)[] = [];
    let begun: () => void = () => undefined;
    const next = () => new Promise<void>((resolve) => (begun = resolve));
    files.datasync = () =>
      new Promise((resolve) => {
        flushes.push(resolve);
        begun();
      });

    const first = next();
    await commitSoon('first');
    await first;
    const second = next();
    await commitSoon('second');
    await commitSoon('third');
    flushes[0]?.();
    await second;

    expect(flushes.length).toBe(2);
  });

  it('does no harm when the disk refuses: the next commit says so', async () => {
    const refused = new Promise<void>((resolve) => {
      files.datasync = async () => {
        resolve();
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      };
    });

    await commitSoon('first');
    await refused;
    await commitSoon('second');

    expect(await database.db.selectFrom('seen_keys').select('hash').orderBy('hash').execute()).toEqual([
      { hash: 'first' },
      { hash: 'second' },
    ]);
  });
});
