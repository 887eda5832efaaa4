import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { commitChange, hold, newExecution, target, useEngines } from '../support/stores.ts';

const engines = useEngines();

describe.each(engines)('storage: what is committed on $engine', ({ engine, open, locate }) => {
  it('is nothing of a batch of which one statement fails, and the reason is told', async () => {
    const store = await open();
    const stored = newExecution();
    await store.accept([stored]);
    const other = newExecution();

    const failing = store.accept([other, newExecution({ id: stored.id })]);

    // 23505: the id is there already. What PostgreSQL says of the statements after it is no reason.
    const reason = engine === 'PostgreSQL' ? /refused \(23505\)/ : /UNIQUE constraint failed/;
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
});

describe('storage: a commit that does not wait for the disk', () => {
  it('is flushed by a commit that follows soon when no trigger comes', async () => {
    const sqlite = engines.find(({ engine }) => engine === 'SQLite');
    if (sqlite === undefined) throw new Error('there is no SQLite among the engines');
    const file = await sqlite.locate();
    const store = await sqlite.open(file);
    const logSize = async (): Promise<number> => (await stat(`${file}-wal`)).size;
    await store.accept([newExecution()]);
    const lane = await hold(store);
    const { changeId } = await commitChange(store, lane);

    const closing = { target, epoch: lane.epoch, changeId, attempt: { result: 'done' } };
    await store.closeChange({ ...closing, end: { kind: 'ended', state: 'done', outcome: 'scaled' } });
    const closed = await logSize();

    while ((await logSize()) === closed) await pause(10);
    const flushed = await logSize();
    await pause(200);
    expect(await logSize()).toBe(flushed);
  });
});
