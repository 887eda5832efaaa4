import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { ServiceError } from '../domain/errors.ts';
import { postgresEngine, type OpenDatabase } from './engine.ts';
import { migrationsFor } from './migrations.ts';
import type { Announcement } from './operations/announce.ts';
import { BriefClient } from './postgres-client.ts';
import { listen } from './postgres-announcements.ts';
import type { Tables } from './tables.ts';

export interface PostgresListener {
  /** What another replica did. */
  readonly announced: (announcement: Announcement) => void;
  /** A connection that nobody was using broke. */
  readonly idleError: (error: Error) => void;
}

// Milliseconds and counters fit a double exactly; node-postgres would hand out bigint columns as text.
const int8 = 20;

/**
 * Connects to the database that several replicas share, and brings it up to date; replicas that start at once take turns.
 * @throws ServiceError STORE_UNAVAILABLE naming what is wrong (unreachable, wrong password, no such database, a newer schema).
 */
export async function openPostgresDatabase(
  url: string,
  { announced, idleError }: PostgresListener,
): Promise<OpenDatabase> {
  const types = new pg.TypeOverrides();
  types.setTypeParser(int8, Number);
  const connecting = { connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true };
  await migrate(new pg.Pool({ ...connecting, max: 2 }));
  const pool = new pg.Pool({
    ...connecting,
    Client: BriefClient,
    pipeline: true,
    types,
    max: 10,
    idleTimeoutMillis: 30_000,
    query_timeout: longestAnswerMs,
  });
  // Without a listener a broken idle connection (PostgreSQL restarted) would end the process.
  pool.on('error', idleError);
  // The same for one that is in use just then; its query fails and tells whoever asked.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    client.query(`${stalling}; ${planning}`).catch(() => undefined);
  });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const announcements = listen(url, announced);
  return {
    db,
    engine: postgresEngine,
    explain,
    async close() {
      await announcements.close();
      await db.destroy();
    },
  };
}

/** Without a time limit: replicas that start at once wait for each other (Kysely takes an advisory lock), and a large history takes a while. */
async function migrate(pool: pg.Pool): Promise<void> {
  pool.on('error', () => undefined);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const { error } = await new Migrator({ db, provider: migrationsFor(postgresEngine) }).migrateToLatest();
  await db.destroy();
  if (error !== undefined) throw explain(error);
}

// A server that is gone without a word would else be waited for by everybody for a quarter of an hour, as long as TCP tries.
const longestAnswerMs = 10_000;

// A replica that is stopped or gone in the middle of a transaction would else keep the lanes it has locked from all others for as long.
const stalling = "set idle_in_transaction_session_timeout = '5s'";

// Each statement finds its few rows by an index, however many there are. Planned by the size of small or new tables, those over given
// rows would read whole tables, and planned anew for each call they would cost more than they do.
const planning =
  'set jit = off; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off; set plan_cache_mode = force_generic_plan';

/** The connection broke, or was given up, behind a question; others could not be asked at all, or were refused. */
const broken = /Connection terminated|ECONNRESET|EPIPE|Query read timeout|not queryable|57P0[123]/;
const away = 'it cannot be reached; check the host and port of DATABASE_URL';

const explanations: readonly (readonly [RegExp, string])[] = [
  [/28P01|28000|password/, 'it refuses the user or password of DATABASE_URL'],
  [/3D000/, 'the database named in DATABASE_URL does not exist; create it'],
  [/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|timeout|EAI_AGAIN/, away],
  [broken, away],
  [/corrupted migrations|missing/, 'it was written by a newer version; start that version'],
  [/42501/, 'the user of DATABASE_URL may not do this; give it the schema'],
  [/53100/, 'its disk is full; make room'],
];

function explain(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code = 'no code', message = '' } = error as { readonly code?: string; readonly message?: string };
  const text = `${code} ${message}`;
  // The driver's own message may hold the host; it goes no further than the cause.
  const remedy = explanations.find(([pattern]) => pattern.test(text))?.[1] ?? `it refused (${code})`;
  const isInDoubt = broken.test(text);
  return new ServiceError('STORE_UNAVAILABLE', `cannot use PostgreSQL: ${remedy}`, { cause: error, isInDoubt });
}
