import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { ChangeToClose, Committed, HeldLane, RoundToCommit, RoundToOpen } from '../../src/storage/rounds.ts';
import type { NewExecution, Store } from '../../src/storage/store.ts';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

/** The target of `newExecution`, and another one. */
export const target = '1a5/service/1s7/scale';
export const otherTarget = '1a5/service/1s8/scale';
/** Whose turn it is, and for how long. */
export const round: RoundToOpen = { target, holder: 'replica-1', leaseMs: 15_000, doubtMs: 10_000 };

/** One of the two engines. Every store that it opens is closed after the test. */
export interface EngineUnderTest {
  readonly engine: 'SQLite' | 'PostgreSQL';
  /** Where a fresh, empty database is: a file, or a URL. */
  readonly locate: () => Promise<string>;
  /** A store there; on a fresh database when no place is given. */
  readonly open: (at?: string) => Promise<Store>;
}

/** Both engines, for the suite that is being described; PostgreSQL is started before it and ended after it. */
export function useEngines(): readonly EngineUnderTest[] {
  let postgres: PostgresServer;
  let directory: string;
  const opened = new Set<Store>();
  const keep = async (opening: Promise<Store>): Promise<Store> => {
    const store = await opening;
    opened.add(store);
    // A test may close it itself, to open it again.
    return { ...store, close: async () => void (opened.delete(store) && (await store.close())) };
  };
  beforeAll(async () => {
    postgres = await startPostgresServer();
    directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-stores-'));
  }, 60_000);
  afterEach(async () => {
    for (const store of opened) await store.close();
    opened.clear();
  });
  afterAll(async () => {
    await postgres.close();
    await rm(directory, { recursive: true });
  });
  const newFile = async (): Promise<string> => join(directory, `${randomUUID()}.sqlite`);
  const newDatabase = (): Promise<string> => postgres.createDatabase();
  return [
    {
      engine: 'SQLite',
      locate: newFile,
      open: async (file) => keep(openSqliteStore(file ?? (await newFile()))),
    },
    {
      engine: 'PostgreSQL',
      locate: newDatabase,
      open: async (url) => keep(openPostgresStore({ url: url ?? (await newDatabase()) })),
    },
  ];
}

let made = 0;

/** A trigger of a scale receiver on `target`, with an id of its own, in the order of making. */
export function newExecution(overrides: Partial<NewExecution> = {}): NewExecution {
  made += 1;
  return {
    id: `e${String(made).padStart(6, '0')}`,
    projectId: '1a5',
    receiverId: '1go3',
    receiverName: 'webapp-up',
    driver: 'scaleService',
    format: 'generic',
    config: { serviceId: '1s7', amount: 1 },
    signal: { says: 'fire', reason: 'called' },
    targets: [target],
    seenKeys: [],
    sendWithinMs: 600_000,
    laneLimit: 1_000,
    ...overrides,
  };
}

/** A trigger that its format ignores. */
export function ignoredExecution(overrides: Partial<NewExecution> = {}): NewExecution {
  return newExecution({ targets: [], signal: { says: 'ignore', reason: 'the alert is resolved' }, ...overrides });
}

/** Takes or keeps the lane. @throws when somebody else holds it */
export async function hold(store: Store, differing: Partial<RoundToOpen> = {}): Promise<HeldLane> {
  const opening = await store.openRound({ ...round, ...differing });
  if (opening.kind !== 'held') throw new Error('somebody else holds the lane');
  return opening;
}

/** A round with one change, from 1 to 2, for all that waits in the lane. */
export function roundOn(
  { epoch, waiting }: HeldLane,
  { on = target, changeId = randomUUID() }: { readonly on?: string; readonly changeId?: string } = {},
): RoundToCommit & Required<Pick<RoundToCommit, 'change'>> {
  const items = waiting.map(({ itemId }) => ({ itemId, message: 'scaled', from: 1, to: 2 }));
  const change = { changeId, driver: 'scaleService', body: { serviceId: '1s7', from: 1, to: 2 }, items };
  return { target: on, epoch, ended: [], change };
}

/** Commits such a round. */
export async function commitChange(
  store: Store,
  lane: HeldLane,
  differing: Parameters<typeof roundOn>[1] = {},
): Promise<{ readonly changeId: string; readonly committed: Awaited<ReturnType<Store['commitRound']>> }> {
  const toCommit = roundOn(lane, differing);
  return { changeId: toCommit.change.changeId, committed: await store.commitRound(toCommit) };
}

/** Closes a change on `target`: as done, with all its items scaled, unless another end is given. */
export async function closeChange(
  store: Store,
  { epoch }: Pick<HeldLane, 'epoch'>,
  changeId: string,
  {
    attempt = { result: 'done' },
    end = { kind: 'ended', state: 'done', outcome: 'scaled' },
    isTold = false,
  }: Partial<Pick<ChangeToClose, 'attempt' | 'end' | 'isTold'>> = {},
): Promise<Committed> {
  return store.closeChange({ target, epoch, changeId, attempt, end, isTold });
}
