import { openStoreThread } from './store-thread.ts';
import type { Store } from './store.ts';

/**
 * Opens the embedded store for this process alone.
 * @throws ServiceError STORE_UNAVAILABLE, with a message that says what to do, when the file is locked, damaged, newer or not writable.
 */
export async function openSqliteStore(file: string): Promise<Store> {
  const store = await openStoreThread(file);
  // Nobody else can have had the file: whoever held a lane is dead.
  await store.endAllLeases();
  return store;
}
