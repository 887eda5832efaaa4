import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { HeldLane, Store } from '../../src/storage/store.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';

const target = '1a5/service/1s7/scale';
const round = { target, holder: 'replica-1', leaseMs: 200, doubtMs: 10_000 };

describe('storage: a change whose sending is not known to have ended', () => {
  let postgres: PostgresServer;
  let directory: string;
  const opened: Store[] = [];

  beforeAll(async () => {
    postgres = await startPostgresServer();
    directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-doubt-'));
  }, 60_000);
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(async () => {
    await postgres.close();
    await rm(directory, { recursive: true });
  });

  const engines = [
    { engine: 'SQLite', open: async () => openSqliteStore(join(directory, `${randomUUID()}.sqlite`)) },
    { engine: 'PostgreSQL', open: async () => openPostgresStore({ url: await postgres.createDatabase() }) },
  ];

  async function look(store: Store, holder: string, leaseMs: number): Promise<HeldLane> {
    const opening = await store.openRound({ ...round, holder, leaseMs });
    if (opening.kind !== 'held') throw new Error('somebody else holds the lane');
    return opening;
  }

  async function commitChange(store: Store, leaseMs: number): Promise<void> {
    const { epoch } = await look(store, round.holder, leaseMs);
    const change = { changeId: 'c1', driver: 'scaleService', body: { to: 3 }, items: [] };
    await store.commitRound({ target, epoch, ended: [], change });
  }

  it.each(engines)('is waited for at every look after it was taken over, on $engine', async ({ open }) => {
    const store = await open();
    opened.push(store);
    await commitChange(store, 200);
    await pause(250);

    const first = await look(store, 'replica-2', 15_000);
    const second = await look(store, 'replica-2', 15_000);

    expect(first.open?.doubtForMs).toBeGreaterThan(8_000);
    expect(second.open?.doubtForMs).toBeGreaterThan(8_000);
  });

  it.each(engines)('is waited for by its own holder whose note of the doubt was lost, on $engine', async ({ open }) => {
    const store = await open();
    opened.push(store);
    await commitChange(store, 15_000);

    const { open: unfinished } = await look(store, round.holder, 15_000);

    expect(unfinished?.doubtForMs).toBeGreaterThan(8_000);
  });
});
