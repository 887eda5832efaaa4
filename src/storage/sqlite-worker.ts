import { parentPort, workerData } from 'node:worker_threads';
import { ServiceError } from '../domain/errors.ts';
import { sqliteEngine } from './engine.ts';
import { operationsOn } from './operations/operations.ts';
import { openSqliteDatabase } from './sqlite-database.ts';
import type { SqliteCall, SqliteReply } from './sqlite-store.ts';

// The thread that holds the SQLite file. A slow disk blocks this thread and never the event loop that answers callers.

const port = parentPort;
if (port === null) throw new Error('sqlite-worker must run as a worker thread');

function reply(message: SqliteReply): void {
  port?.postMessage(message);
}

function describe(error: unknown): { readonly code: 'STORE_UNAVAILABLE'; readonly message: string } {
  if (error instanceof ServiceError) return { code: 'STORE_UNAVAILABLE', message: error.message };
  return {
    code: 'STORE_UNAVAILABLE',
    message: `the database refused: ${error instanceof Error ? error.message : String(error)}`,
  };
}

try {
  const db = await openSqliteDatabase((workerData as { readonly file: string }).file);
  const operations = operationsOn(db, sqliteEngine) as Readonly<Record<string, (input: unknown) => Promise<unknown>>>;
  port.on('message', ({ id, operation, input }: SqliteCall) => {
    if (operation === 'close') {
      void db.destroy().then(() => {
        reply({ id, value: undefined });
        port.close();
      });
      return;
    }
    const run = operations[operation];
    if (run === undefined)
      return reply({ id, error: { code: 'STORE_UNAVAILABLE', message: `unknown operation ${operation}` } });
    run(input).then(
      (value) => reply({ id, value }),
      (error: unknown) => reply({ id, error: describe(error) }),
    );
  });
  reply({ id: 0, value: undefined });
} catch (error) {
  reply({ id: 0, error: describe(error) });
}
