import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import type { Store } from '../../src/storage/store.ts';
import { startCuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.ts';
import { hold, newExecution, otherTarget, round, target, useEngines } from '../support/stores.ts';

const postgres = useEngines().find(({ engine }) => engine === 'PostgreSQL');

describe('storage/postgres: who does not answer', () => {
  let url: string;
  let proxy: CuttableProxy;
  let store: Store;

  beforeEach(async () => {
    if (postgres === undefined) throw new Error('there is no PostgreSQL among the engines');
    url = await postgres.locate();
    proxy = await startCuttableProxy(url);
    store = await postgres.open(proxy.url);
  });
  afterEach(() => proxy.close());

  it('is no longer waited for when it is the database, and the next trigger finds another connection', async () => {
    await store.accept([newExecution()]);
    proxy.fallSilent();

    await expect(store.accept([newExecution()])).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('cannot be reached'),
    });

    expect(await store.accept([newExecution()])).toEqual([{ kind: 'accepted' }]);
  }, 60_000);

  it('loses what it has locked when it is a replica, so that the others can go on', async () => {
    const other = await postgres?.open(url);
    if (other === undefined) throw new Error('there is no PostgreSQL among the engines');
    await store.accept([newExecution()]);
    proxy.fallSilentAfterNextQuestion();
    // Its lane is taken, and the commit never comes.
    const stalled = store.openRound(round).then(
      () => 'stalled replica',
      () => 'stalled replica',
    );

    const first = await Promise.race([stalled, hold(other, { holder: 'replica-2' }).then(() => 'other replica')]);

    expect(first).toBe('other replica');
    await stalled;
  }, 60_000);

  it('is told of at once when a round is made ready, and what is said of that round later harms nobody', async () => {
    await store.accept([newExecution()]);
    const { epoch } = await hold(store);
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    proxy.refuse();
    proxy.cut();
    // From now on there is no connection to be had.
    await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const { promise: once, reject } = Promise.withResolvers<void>();
    const change = { changeId: 'c1', driver: 'scaleService', body: {}, items: [] };

    const committing = store.commitRound({ target, epoch, ended: [], change, once });
    await expect(committing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    reject(new Error('not wanted'));
    await nextTurn();
    await nextTurn();
    process.off('unhandledRejection', note);

    expect(unhandled).toEqual([]);
  });

  it('is tried again when two batches wait for each other', async () => {
    await hold(store);
    await hold(store, { target: otherTarget });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const lock = (lane: string) => client.query('select 1 from lanes where target = $1 for update', [lane]);
    await client.query('begin');
    await lock(otherTarget);
    const accepting = store.accept([
      newExecution({ open: round }),
      newExecution({ targets: [otherTarget], open: { ...round, target: otherTarget } }),
    ]);
    while (!(await isWaitingForLock(client))) continue;

    // PostgreSQL ends the one that has waited for longer.
    await lock(target);
    await client.query('commit');

    expect(await accepting).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }]);
    await client.end();
  }, 60_000);
});

async function isWaitingForLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock'`);
  return rows.length > 0;
}
