import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { Acceptance, Store } from '../../src/storage/store.ts';
import { openPostgresTriggerRates } from '../../src/storage/postgres-trigger-rates.ts';
import { createMemoryTriggerRates } from '../../src/storage/trigger-rates.ts';
import type { TriggerRateCounter } from '../../src/storage/trigger-rates.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';

const target = '1a5/service/1s7/scale';
const claim = { holder: 'replica-1', leaseMs: 15_000, limit: 10 };

let postgres: PostgresServer;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  postgres = await startPostgresServer();
}, 60_000);

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

afterAll(async () => {
  await postgres.close();
});

const engines = [
  { engine: 'SQLite', open: () => openSqliteStore(':memory:') },
  { engine: 'PostgreSQL', open: async () => openPostgresStore({ url: await postgres.createDatabase() }) },
];

/** A database that a store has brought up to date. */
async function migrated(): Promise<string> {
  const url = await postgres.createDatabase();
  await (await openPostgresStore({ url })).close();
  return url;
}

async function accept(
  store: Store,
  id: string,
  more: { readonly callback?: string; readonly signedAs?: string; readonly targets?: readonly string[] } = {},
): Promise<Acceptance['kind'] | undefined> {
  const { callback, signedAs, targets = [target] } = more;
  const [acceptance] = await store.accept([
    {
      id,
      projectId: '1a5',
      receiverId: '1go3',
      receiverName: 'webapp-up',
      driver: 'scaleService',
      format: 'generic',
      config: {},
      signal: { says: targets.length === 0 ? 'ignore' : 'fire', reason: 'called' },
      targets,
      seenKeys:
        signedAs === undefined ? [] : [{ kind: 'signature', hash: signedAs, bodyHash: 'b', livesForMs: 60_000 }],
      sendWithinMs: 600_000,
      laneLimit: 1_000,
      ...(callback === undefined ? {} : { callback }),
    },
  ]);
  return acceptance?.kind;
}

async function end(store: Store): Promise<void> {
  const round = await store.openRound({ target, holder: 'h', leaseMs: 15_000, doubtMs: 10_000 });
  if (round.kind !== 'held') throw new Error('somebody else holds the lane');
  const ended = round.waiting.map(({ itemId }) => ({ itemId, outcome: 'scaled' as const, message: '' }));
  await store.commitRound({ target, epoch: round.epoch, ended });
}

describe.each(engines)('storage/operations/callbacks: $engine', ({ open }) => {
  const fresh = async (): Promise<Store> => {
    const store = await open();
    opened.push(store);
    return store;
  };

  it('are due with the end of their execution, and not before', async () => {
    const store = await fresh();
    await accept(store, 'e1', { callback: 'there' });
    await accept(store, 'e2');
    expect(await store.claimCallbacks(claim)).toEqual([]);

    await end(store);

    expect(await store.claimCallbacks(claim)).toEqual([
      { executionId: 'e1', destination: 'there', attempt: 1, ageMs: expect.any(Number) },
    ]);
  });

  it('are none for what was ignored', async () => {
    const store = await fresh();
    await accept(store, 'e1', { callback: 'there', targets: [] });

    expect(await store.claimCallbacks(claim)).toEqual([]);
  });

  it('belong to one replica at a time', async () => {
    const store = await fresh();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);

    const claims = await Promise.all(
      [claim, { ...claim, holder: 'replica-2' }].map((one) => store.claimCallbacks(one)),
    );

    expect(claims.flat()).toHaveLength(1);
  });

  it('belong to another once the lease is over, and what the first then says counts for nothing', async () => {
    const store = await fresh();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    const next = { kind: 'over' } as const;
    await store.claimCallbacks({ ...claim, leaseMs: 0 });

    expect(await store.claimCallbacks({ ...claim, holder: 'replica-2' })).toMatchObject([{ attempt: 2 }]);
    expect(await store.settleCallback({ executionId: 'e1', holder: claim.holder, next })).toBe(false);
    expect(await store.settleCallback({ executionId: 'e1', holder: 'replica-2', next })).toBe(true);
  });

  it('come again after a pause, counted, until they are over', async () => {
    const store = await fresh();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    const { holder } = claim;
    await store.claimCallbacks(claim);

    expect(await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'again', afterMs: 60_000 } })).toBe(
      true,
    );
    expect(await store.claimCallbacks(claim)).toEqual([]);
    expect(await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'over' } })).toBe(false);
  });

  it('are tried again at once when the pause is none', async () => {
    const store = await fresh();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    const { holder } = claim;
    await store.claimCallbacks(claim);
    await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'again', afterMs: 0 } });

    expect(await store.claimCallbacks(claim)).toMatchObject([{ executionId: 'e1', attempt: 2 }]);
    expect(await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'over' } })).toBe(true);
    expect(await store.claimCallbacks({ ...claim, leaseMs: 0 })).toEqual([]);
  });

  it('goes with its execution when that is pruned', async () => {
    const store = await fresh();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    await store.prune({ olderThanMs: -1_000, keep: 0, atMost: 10 });

    expect(await store.claimCallbacks(claim)).toEqual([]);
  });

  it('lets a signature count once, and stores nothing of the second', async () => {
    const store = await fresh();

    expect(await accept(store, 'e1', { signedAs: 's' })).toBe('accepted');
    expect(await accept(store, 'e2', { signedAs: 's', callback: 'there' })).toBe('replayed');
    expect(await accept(store, 'e3', { signedAs: 't' })).toBe('accepted');
    expect(await store.findExecution('e2')).toBeUndefined();
  });
});

describe.each([
  { engine: 'memory', open: () => Promise.resolve(createMemoryTriggerRates()) },
  { engine: 'PostgreSQL', open: async () => openPostgresTriggerRates(await migrated()) },
])('storage/trigger-rates: $engine', ({ open }) => {
  const limit = { triggers: 2, perSeconds: 60 };

  it('takes so many in so long, each receiver by itself', async () => {
    const rates: TriggerRateCounter = await open();
    opened.push(rates);

    expect(await rates.take('1a5/1go1', limit)).toBeUndefined();
    expect(await rates.take('1a5/1go1', limit)).toBeUndefined();
    const refused = await rates.take('1a5/1go1', limit);
    expect(refused?.waitMs).toBeGreaterThan(50_000);
    expect(refused?.waitMs).toBeLessThanOrEqual(60_000);
    expect(await rates.take('1a5/1go2', limit)).toBeUndefined();
    expect(await rates.take('1a5/1go1', { triggers: 3, perSeconds: 60 })).toBeUndefined();
  });

  it('counts exactly when many come at once', async () => {
    const rates = await open();
    opened.push(rates);

    const taken = await Promise.all(
      Array.from({ length: 20 }, () => rates.take('1a5/1go1', { triggers: 7, perSeconds: 60 })),
    );

    expect(taken.filter((one) => one === undefined)).toHaveLength(7);
  });
});

describe('storage/trigger-rates: PostgreSQL', () => {
  it('is shared by replicas', async () => {
    const url = await migrated();
    const [one, other] = [openPostgresTriggerRates(url), openPostgresTriggerRates(url)];
    opened.push(one, other);
    const limit = { triggers: 1, perSeconds: 60 };

    expect(await one.take('1a5/1go1', limit)).toBeUndefined();
    expect(await other.take('1a5/1go1', limit)).toMatchObject({ waitMs: expect.any(Number) });
  });

  it('says that the store is away instead of letting everybody in', async () => {
    const rates = openPostgresTriggerRates('postgres://nobody@127.0.0.1:1/none');
    opened.push(rates);

    await expect(rates.take('1a5/1go1', { triggers: 1, perSeconds: 1 })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });
});
