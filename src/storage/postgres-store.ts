import { openStoreThread, type StoreThreadOptions } from './store-thread.ts';
import type { Store } from './store.ts';

export interface PostgresOptions extends StoreThreadOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: string;
}

/**
 * Opens the store that several replicas share.
 * @throws ServiceError STORE_UNAVAILABLE naming what is wrong (unreachable, wrong password, no such database, a newer schema).
 */
export function openPostgresStore({ url, ...options }: PostgresOptions): Promise<Store> {
  return openStoreThread({ engine: 'postgres', url }, options);
}
