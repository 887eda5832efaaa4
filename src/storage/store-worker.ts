import { parentPort, workerData } from 'node:worker_threads';
import type { OpenDatabase } from './engine.ts';
import { operationsOn } from './operations/operations.ts';
import type { StoreCall, StoreNews, StorePlace } from './store-thread.ts';

// The thread that holds the database, so that neither a slow disk nor the work of asking a server blocks the event loop that answers callers.

const port = parentPort;
if (port === null) throw new Error('store-worker must run as a worker thread');

const tell = (news: StoreNews): void => port.postMessage(news);

async function open(place: StorePlace): Promise<OpenDatabase> {
  // Loaded only where it is used: PostgreSQL's client takes memory that a service on SQLite does not need.
  if (place.engine === 'postgres') {
    const { openPostgresDatabase } = await import('./postgres-database.ts');
    return openPostgresDatabase(place.url, {
      announced: (announcement) => tell({ announcement }),
      idleError: ({ message }) => tell({ idleError: message }),
    });
  }
  const { openSqliteDatabase } = await import('./sqlite-database.ts');
  return openSqliteDatabase(place.file);
}

function failed(id: number, error: unknown): void {
  tell({ id, error: { code: 'STORE_UNAVAILABLE', message: error instanceof Error ? error.message : String(error) } });
}

try {
  const database = await open(workerData as StorePlace);
  const operations = operationsOn(database.db, database.engine) as Readonly<
    Record<string, (input: unknown) => Promise<unknown>>
  >;
  port.on('message', ({ id, operation, input }: StoreCall) => {
    if (operation === 'close') {
      void database.close().then(() => {
        tell({ id });
        port.close();
      });
      return;
    }
    const run = operations[operation];
    if (run === undefined) return failed(id, new Error(`unknown operation ${operation}`));
    run(input).then(
      (value) => tell({ id, value }),
      (error: unknown) => failed(id, database.explain(error)),
    );
  });
  tell({ id: 0 });
} catch (error) {
  failed(0, error);
}
