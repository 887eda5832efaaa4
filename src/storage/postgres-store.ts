import { batched } from './batched.ts';
import { operationsOn } from './operations/operations.ts';
import { openPostgresDatabase } from './postgres-database.ts';
import type { Store, StoreWatcher } from './store.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** Told when a connection broke that nobody was using. */
  readonly onIdleError?: (message: string) => void;
}

/**
 * Opens the store that several replicas share.
 * @throws ServiceError STORE_UNAVAILABLE naming what is wrong (unreachable, wrong password, no such database, a newer schema).
 */
export async function openPostgresStore({ url, onIdleError }: PostgresOptions): Promise<Store> {
  const watchers = new Set<StoreWatcher>();
  const database = await openPostgresDatabase(url, {
    announced(announcement) {
      for (const watcher of watchers) {
        if ('waiting' in announcement) watcher.waiting(announcement.waiting);
        else watcher.finished(announcement.finished);
      }
    },
    idleError: ({ message }) => onIdleError?.(message),
  });
  const operations = operationsOn(database);
  return {
    ...operations,
    isShared: true,
    accept: batched((executions) => operations.accept(executions)),
    watch(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    close: () => database.close(),
  };
}
