import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { openPostgresTriggerRates } from '../../src/storage/postgres-trigger-rates.ts';
import { createMemoryTriggerRates } from '../../src/storage/trigger-rates.ts';
import type { TriggerRateCounter } from '../../src/storage/trigger-rates.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';

let postgres: PostgresServer;
const opened: TriggerRateCounter[] = [];

beforeAll(async () => {
  postgres = await startPostgresServer();
}, 60_000);

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

afterAll(() => postgres.close());

/** A database that a store has brought up to date. */
async function migrated(): Promise<string> {
  const url = await postgres.createDatabase();
  await (await openPostgresStore({ url })).close();
  return url;
}

describe.each([
  { engine: 'memory', open: () => Promise.resolve(createMemoryTriggerRates()) },
  { engine: 'PostgreSQL', open: async () => openPostgresTriggerRates(await migrated()) },
])('storage/trigger-rates: $engine', ({ open }) => {
  const limit = { triggers: 2, perSeconds: 60 };

  it('takes so many in so long, each receiver by itself', async () => {
    const rates = await open();
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
