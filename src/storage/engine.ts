import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** Carries `work` out in one transaction. */
export type Transact = <T>(db: Database, work: (tx: Tx) => Promise<T>) => Promise<T>;

/** What differs between the two engines. */
export interface Engine {
  readonly name: 'sqlite' | 'postgres';
  /** The database's clock, milliseconds since 1970: leases of several processes are compared by one clock. */
  readonly nowMs: RawBuilder<number>;
  /** A row of `changes` as lanes keep it (`KeptChange`), as JSON. */
  readonly keptChange: RawBuilder<string>;
  /**
   * A transaction whose commit is on the disk only a moment later (SQLite sets out at once, PostgreSQL within 600 ms), or with the next
   * commit of any other kind: for what nobody was told, or what is found out anew, should the machine lose power before.
   */
  readonly soon: Transact;
}

/** A database that has been opened and brought up to date. */
export interface OpenDatabase {
  readonly db: Database;
  readonly engine: Engine;
  /** What went wrong with an operation, in words that say what to do. */
  explain(error: unknown): Error;
  close(): Promise<void>;
}

export const sqliteEngine: Omit<Engine, 'soon'> = {
  name: 'sqlite',
  // Of this process (`createSteadyClock`), which is the only one there is.
  nowMs: sql<number>`cast(steady_now_ms() as integer)`,
  keptChange: sql<string>`json_object('driver', driver, 'body', json(body))`,
};

export const postgresEngine: Engine = {
  name: 'postgres',
  // clock_timestamp, not now(): the latter stands still during a transaction that waited for a lock.
  nowMs: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  keptChange: sql<string>`cast(json_build_object('driver', driver, 'body', cast(body as json)) as text)`,
  soon: (db, work) =>
    db.transaction().execute(async (tx) => {
      await sql`set local synchronous_commit = off`.execute(tx);
      return work(tx);
    }),
};

/**
 * Asks several things of one transaction in one go: they are carried out in the order in which they are asked, and PostgreSQL is waited
 * for once. When one fails it throws only after all have ended, so that none goes on in a transaction that is being rolled back.
 */
export async function together<const Asked extends readonly unknown[]>(
  asked: Asked,
): Promise<{ -readonly [Index in keyof Asked]: Awaited<Asked[Index]> }> {
  await Promise.allSettled(asked);
  return Promise.all(asked);
}

/** Something that was asked and is not answered yet. */
export interface Asked<Answer> {
  readonly answer: Promise<Answer>;
}

/** A transaction whose commit is on the disk when it is answered. */
export const flushed: Transact = (db, work) => db.transaction().execute(work);

/**
 * A transaction whose commit is asked together with its statements. They are committed whatever they find: what they are not to leave
 * behind they must not do. When one fails, nothing of them is.
 */
export async function inOneGo<Answer>(
  db: Database,
  { name }: Engine,
  transact: Transact,
  ask: (tx: Tx) => Promise<Asked<Answer>>,
): Promise<Answer> {
  const { answer } = await transact(db, async (tx) => {
    const asked = await ask(tx);
    // Where a statement fails, PostgreSQL's commit fails as well and says why. SQLite would commit the others; it has answered by now.
    if (name === 'sqlite') await asked.answer;
    else asked.answer.catch(() => undefined);
    return asked;
  });
  return answer;
}

export async function readNowMs(tx: Tx, engine: Engine): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${engine.nowMs} as now`.execute(tx);
  return Number(rows[0]?.now);
}

/**
 * A value as both engines keep it. PostgreSQL refuses the character 0 and halves of surrogate pairs, which a sender's JSON can hold: a
 * trigger with one of them in an alert's name would be answered 503 for ever. And it refuses parts of a millisecond, which backoffs have.
 */
export function storable<T>(value: T): T | string | number {
  if (typeof value === 'number') return Math.round(value);
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\uFFFD') : value;
}
