import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import type { Store } from '../../src/storage/store.ts';
import { databaseClock } from '../support/crash/clocks.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import { hold, ignoredExecution, newExecution, round, target } from '../support/stores.ts';

const hour = 3_600_000;
const longest = { leaseMs: round.leaseMs, doubtMs: round.doubtMs, lateWriteMs: 60_000 };

// With SQLite the same rows are met at a start only: test/crash/clock-jumps.test.ts.
describe('storage/operations/bound-times', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgresServer();
  }, 60_000);
  afterAll(() => postgres.close());

  async function withClock(work: (store: Store, set: (byMs: number) => Promise<void>) => Promise<void>): Promise<void> {
    const { options, set } = await databaseClock(postgres);
    const store = await openPostgresStore({ url: options.databaseUrl ?? '' });
    try {
      await work(store, set);
    } finally {
      await store.close();
    }
  }

  it('leaves alone what nobody has set back', async () => {
    await withClock(async (store) => {
      await store.accept([newExecution()]);
      const before = await hold(store);

      await store.boundTimes(longest);

      expect((await hold(store)).epoch).toBe(before.epoch);
      expect(await store.openRound({ ...round, holder: 'replica-2' })).toMatchObject({ kind: 'elsewhere' });
    });
  });

  it('lets a lease last at most once more', async () => {
    await withClock(async (store, set) => {
      await store.accept([newExecution()]);
      await hold(store);
      await set(-hour);
      const other = { ...round, holder: 'replica-2' };
      const before = await store.openRound(other);

      await store.boundTimes(longest);
      const after = await store.openRound(other);
      await set(-hour + round.leaseMs + 1_000);

      expect(before).toMatchObject({ kind: 'elsewhere' });
      expect('leaseLeftMs' in before && before.leaseLeftMs).toBeGreaterThan(hour - 1_000);
      expect('leaseLeftMs' in after && after.leaseLeftMs).toBeLessThanOrEqual(round.leaseMs);
      expect((await hold(store, other)).waiting).toHaveLength(1);
    });
  });

  it('lets a callback be posted that a dead replica had claimed', async () => {
    await withClock(async (store, set) => {
      await store.accept([newExecution({ callback: 'there' })]);
      const { epoch, waiting } = await hold(store);
      const ended = waiting.map(({ itemId }) => ({ itemId, outcome: 'scaled' as const, message: '' }));
      await store.commitRound({ target, epoch, ended });
      const claim = { holder: 'replica-1', leaseMs: 30_000, limit: 10 };
      expect(await store.claimCallbacks(claim)).toHaveLength(1);
      await set(-hour);

      await store.boundTimes(longest);
      await set(-hour + 61_000);

      expect(await store.claimCallbacks({ ...claim, holder: 'replica-2' })).toMatchObject([{ attempt: 2 }]);
    });
  });

  it('watches for a late write no longer than for one that is written now', async () => {
    await withClock(async (store, set) => {
      await store.accept([newExecution(), ignoredExecution()]);
      const { epoch, waiting } = await hold(store);
      const items = waiting.map(({ itemId }) => ({ itemId, message: '' }));
      const change = { changeId: 'c1', driver: 'scaleService', body: { to: 2 }, items };
      await store.commitRound({ target, epoch, ended: [], change });
      const end = { kind: 'ended', state: 'done', outcome: 'scaled', lateWriteForMs: 60_000 } as const;
      await store.closeChange({ target, epoch, changeId: 'c1', attempt: { result: 'sent again' }, end });
      await set(-hour);

      await store.boundTimes(longest);

      const { lateWrite } = await hold(store);
      expect(lateWrite?.forMs).toBeLessThanOrEqual(60_000);
      expect(lateWrite?.forMs).toBeGreaterThan(50_000);
    });
  });
});
