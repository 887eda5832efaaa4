import { parentPort, workerData } from 'node:worker_threads';
import { operationsOn } from './operations/operations.ts';
import { openSqliteDatabase } from './sqlite-database.ts';
import type { StoreAnswer, StoreCall } from './store-thread.ts';

// The thread that holds the file, so that a slow disk does not block the event loop that answers callers.

const port = parentPort;
if (port === null) throw new Error('store-worker must run as a worker thread');

const tell = (answer: StoreAnswer): void => port.postMessage(answer);

function failed(id: number, error: unknown): void {
  tell({ id, error: { code: 'STORE_UNAVAILABLE', message: error instanceof Error ? error.message : String(error) } });
}

try {
  const database = await openSqliteDatabase(workerData as string);
  const operations = operationsOn(database) as Readonly<Record<string, (input: unknown) => Promise<unknown>>>;
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
      (error: unknown) => failed(id, error),
    );
  });
  tell({ id: 0 });
} catch (error) {
  failed(0, error);
}
