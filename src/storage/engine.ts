import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** What differs between the two engines. */
export interface Engine {
  readonly name: 'sqlite' | 'postgres';
  /** The database's clock, milliseconds since 1970: leases of several processes are compared by one clock. */
  readonly nowMs: RawBuilder<number>;
}

/** A database that has been opened and brought up to date. */
export interface OpenDatabase {
  readonly db: Database;
  readonly engine: Engine;
  /** What went wrong with an operation, in words that say what to do. */
  explain(error: unknown): Error;
  close(): Promise<void>;
}

export const sqliteEngine: Engine = {
  name: 'sqlite',
  // Of this process (`createSteadyClock`), which is the only one there is.
  nowMs: sql<number>`cast(steady_now_ms() as integer)`,
};

export const postgresEngine: Engine = {
  name: 'postgres',
  // clock_timestamp, not now(): the latter stands still during a transaction that waited for a lock.
  nowMs: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
};

export async function readNowMs(tx: Tx, engine: Engine): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${engine.nowMs} as now`.execute(tx);
  return Number(rows[0]?.now);
}

/**
 * A text as both engines keep it; anything else as it is. PostgreSQL refuses the character 0 and halves of surrogate pairs, which a sender's JSON can hold:
 * a trigger with one of them in an alert's name would be answered 503 for ever.
 */
export function storable<T>(value: T): T | string {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\uFFFD') : value;
}
