import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { ChildOptions } from './child-service.ts';
import type { CrashStage } from './crash-stage.ts';
import type { JumpingClock } from './jumping-clock.ts';

/** The clock that an engine's leases and deadlines go by, in somebody's hand. */
export interface ClockInHand {
  /** What a service is started with that is to go by it. */
  readonly options: Pick<ChildOptions, 'databaseUrl' | 'preload' | 'environment'>;
  /** Sets it so many milliseconds ahead of, or behind, what it showed at first. */
  readonly set: (byMs: number) => Promise<void>;
}

/** SQLite goes by the clock of the service's machine. */
export async function machineClock(stage: CrashStage): Promise<ClockInHand> {
  const file = join(stage.dataDirectory(), 'clock');
  const set = (byMs: number): Promise<void> => writeFile(file, String(byMs));
  await set(0);
  const environment: JumpingClock & Readonly<Record<string, string>> = { CLOCK_FILE: file };
  return { options: { preload: './jumping-clock.ts', environment }, set };
}

/** PostgreSQL's own: in this database another function of the name stands before the server's. */
export async function databaseClock(server: Pick<CrashStage, 'createDatabase'>): Promise<ClockInHand> {
  const databaseUrl = await server.createDatabase();
  const query = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  await query(`
    create table set_by (ms bigint);
    insert into set_by values (0);
    create function public.clock_timestamp() returns timestamptz language sql volatile as
      $$ select pg_catalog.clock_timestamp() + (select ms from public.set_by) * interval '1 millisecond' $$;
    do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$`);
  return { options: { databaseUrl }, set: (byMs) => query(`update set_by set ms = ${String(byMs)}`) };
}
