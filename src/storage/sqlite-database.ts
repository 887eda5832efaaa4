import { closeSync, existsSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { ServiceError } from '../domain/errors.ts';
import { sqliteEngine, storable, type Engine, type OpenDatabase } from './engine.ts';
import { migrationsFor } from './migrations.ts';
import { createSteadyClock } from './steady-clock.ts';
import type { Tables } from './tables.ts';

const inMemory = ':memory:';

/** `:memory:` in unit tests; a file everywhere else. */
export type SqliteFile = string;

/**
 * Opens the file for this process alone and brings it up to date. Meant to run in a worker thread: every call blocks.
 * @throws ServiceError STORE_UNAVAILABLE when another process has it, when it is no database of ours, or when it is newer than this version.
 */
export async function openSqliteDatabase(file: SqliteFile): Promise<OpenDatabase> {
  const sqlite = openExclusively(file);
  const flushing = await createFlushing(sqlite, file);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: async () => asKyselyExpects(sqlite) }) });
  const engine: Engine = {
    ...sqliteEngine,
    // On the one connection from beginning to end, so that no other transaction is committed like this.
    soon: (whole, work) =>
      whole.connection().execute(async (connection) => {
        flushing.putOff();
        try {
          return await connection.transaction().execute(work);
        } finally {
          flushing.require();
        }
      }),
  };
  const provider = migrationsFor(engine);
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    throw explain(error, file);
  }
  return {
    db,
    engine,
    explain: (reason) => explain(reason, file),
    async close() {
      // Before SQLite, which removes the log as it closes.
      await flushing.close();
      await db.destroy();
    },
  };
}

/** Whether executions lie in the file. Of one that cannot be read nobody knows; to open it says why. */
export function holdsExecutions(file: SqliteFile): boolean {
  if (!existsSync(file)) return false;
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(file);
    return sqlite.prepare('select 1 from executions limit 1').get() !== undefined;
  } catch {
    return false;
  } finally {
    sqlite?.close();
  }
}

/** Whether a commit waits for the disk. */
interface Flushing {
  /** Commits do not, from now on. */
  putOff(): void;
  /** Commits wait again; what was put off sets out for the disk as soon as its callers have been told. */
  require(): void;
  close(): Promise<void>;
}

/**
 * Flushes SQLite's log beside the thread, in libuv's pool: what is put off waits for nobody, and the next commit that does wait finds
 * little left to flush. Only the log: until it is flushed, SQLite copies nothing of it into the database. Nor may the database itself be
 * opened beside SQLite: to close it again would give up the process's lock on it (POSIX), and a second process could have it.
 */
async function createFlushing(sqlite: DatabaseSync, file: SqliteFile): Promise<Flushing> {
  const log = file === inMemory ? undefined : await open(`${file}-wal`, 'r+');
  let isFlushing = false;
  let isWanted = false;
  const flush = async (): Promise<void> => {
    isWanted = true;
    if (isFlushing) return;
    isFlushing = true;
    while (isWanted) {
      isWanted = false;
      // The disk is full or broken: the next commit says so.
      await log?.datasync().catch(() => undefined);
    }
    isFlushing = false;
  };
  return {
    putOff() {
      sqlite.exec('pragma synchronous = normal');
    },
    require() {
      sqlite.exec('pragma synchronous = full');
      setImmediate(() => void flush());
    },
    async close() {
      await log?.close();
    },
  };
}

function openExclusively(file: SqliteFile): DatabaseSync {
  let sqlite: DatabaseSync | undefined;
  if (file !== inMemory) makePrivate(file);
  try {
    sqlite = new DatabaseSync(file);
    sqlite.function('steady_now_ms', createSteadyClock());
    // Exclusive before WAL: then no shared memory file is made and a second process is refused at once.
    sqlite.exec('pragma locking_mode = exclusive');
    sqlite.exec('pragma journal_mode = wal');
    // Accepted means on disk: with less than FULL a power cut could lose what a caller was told is stored.
    sqlite.exec('pragma synchronous = full');
    sqlite.exec('pragma foreign_keys = on');
    // Takes the lock now instead of at the first trigger.
    sqlite.exec('begin immediate; commit');
    return sqlite;
  } catch (error) {
    sqlite?.close();
    throw explain(error, file);
  }
}

/** A new file is this user's alone: bodies that are to be forwarded lie in it. SQLite gives its log the same rights. */
function makePrivate(file: SqliteFile): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    // It is there already and keeps the rights it has, or SQLite is about to say what is wrong.
  }
}

const explanations: readonly (readonly [RegExp, string])[] = [
  // Before the damaged ones: it says "corrupted migrations" of what is only newer.
  [/corrupted migrations|missing/, 'it was written by a newer version; start that version, or move the file away'],
  [/database is locked/, 'another process has it open; stop that one, or give this one a DATA_DIR of its own'],
  [
    /not a database|malformed|corrupt/,
    'it is damaged or no database; move it away to start with an empty history, or put a backup back',
  ],
  [
    /unable to open|readonly|permission/i,
    'the file or its folder cannot be written; check that DATA_DIR exists and belongs to this user',
  ],
  [/full/, 'the disk is full; make room'],
];

function explain(error: unknown, file: SqliteFile): ServiceError {
  if (error instanceof ServiceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const remedy = explanations.find(([pattern]) => pattern.test(message))?.[1] ?? message;
  return new ServiceError('STORE_UNAVAILABLE', `cannot use the database ${file}: ${remedy}`, { cause: error });
}

/** Kysely asks for better-sqlite3's interface; node:sqlite differs in how a statement tells that it returns rows. */
function asKyselyExpects(sqlite: DatabaseSync) {
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  const prepare = (text: string) => {
    const statement: StatementSync = sqlite.prepare(text);
    return {
      reader: statement.columns().length > 0,
      all: (parameters: readonly unknown[]) => statement.all(...(parameters.map(storable) as never[])),
      run(parameters: readonly unknown[]) {
        // On a full disk SQLite has rolled back by itself; the error of a second rollback would hide the first one's reason.
        if (text === 'rollback' && !sqlite.isTransaction) return { changes: 0, lastInsertRowid: 0 };
        return statement.run(...(parameters.map(storable) as never[]));
      },
      iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters.map(storable) as never[])),
    };
  };
  return {
    close: () => sqlite.close(),
    prepare(text: string) {
      const known = prepared.get(text);
      if (known !== undefined) return known;
      const statement = prepare(text);
      // Statements with lists of ids vary in length without end; keep the ones of everyday.
      if (prepared.size < 200) prepared.set(text, statement);
      return statement;
    },
  };
}
