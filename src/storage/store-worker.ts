import { parentPort, workerData } from 'node:worker_threads';
import { operationsOn } from './operations/operations.ts';
import { openSqliteDatabase } from './sqlite-database.ts';
import { NotKept } from './rounds.ts';
import type { StoreAnswer, StoreCall, StoreVerdict } from './store-thread.ts';

// The thread that holds the file, so that a slow disk does not block the event loop that answers callers.

const port = parentPort;
if (port === null) throw new Error('store-worker must run as a worker thread');

const tell = (answer: StoreAnswer): void => port.postMessage(answer);

function failed(id: number, error: unknown): void {
  const code = error instanceof NotKept ? 'NOT_KEPT' : 'STORE_UNAVAILABLE';
  tell({ id, error: { code, message: error instanceof Error ? error.message : String(error) } });
}

/** Of calls that are only made ready: what to tell them of their verdict. */
const kept = new Map<number, (isWanted: boolean) => void>();

function verdictOn(id: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // The call may have failed before it comes to its verdict.
  promise.catch(() => undefined);
  kept.set(id, (isWanted) => {
    kept.delete(id);
    if (isWanted) resolve();
    else reject(new Error('not wanted'));
  });
  return promise;
}

try {
  const database = await openSqliteDatabase(workerData as string);
  const operations = operationsOn(database) as Readonly<Record<string, (input: unknown) => Promise<unknown>>>;
  port.on('message', (message: StoreCall | StoreVerdict) => {
    if ('isWanted' in message) {
      kept.get(message.id)?.(message.isWanted);
      return;
    }
    const { id, operation, input, isKept } = message;
    if (operation === 'close') {
      void database.close().then(() => {
        tell({ id });
        port.close();
      });
      return;
    }
    const run = operations[operation];
    if (run === undefined) return failed(id, new Error(`unknown operation ${operation}`));
    run(isKept === true ? { ...(input as object), once: verdictOn(id) } : input).then(
      (value) => tell({ id, value }),
      (error: unknown) => failed(id, error),
    );
  });
  tell({ id: 0 });
} catch (error) {
  failed(0, error);
}
