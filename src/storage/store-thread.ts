import { Worker } from 'node:worker_threads';
import { ServiceError } from '../domain/errors.ts';
import { batched } from './batched.ts';
import type { Announcement } from './operations/announce.ts';
import { storeWorkerUrl } from './store-worker-url.ts';
import type { Store, StoreWatcher } from './store.ts';

/** Which database the thread opens. */
export type StorePlace =
  | { readonly engine: 'sqlite'; readonly file: string }
  /** `postgres://user:password@host:5432/database`. */
  | { readonly engine: 'postgres'; readonly url: string };

/** One operation on its way to the thread. */
export interface StoreCall {
  readonly id: number;
  readonly operation: string;
  readonly input: unknown;
}

/** What the thread tells: the answer to a call (id 0: the database is open), what another replica did, or a broken connection. */
export type StoreNews =
  | {
      readonly id: number;
      readonly value?: unknown;
      readonly error?: { readonly code: 'STORE_UNAVAILABLE'; readonly message: string };
    }
  | { readonly announcement: Announcement }
  | { readonly idleError: string };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface StoreThreadOptions {
  /** Told when a connection to the database broke that nobody was using. */
  readonly onIdleError?: (message: string) => void;
}

/**
 * Opens a store in a thread of its own: a slow disk, and the work of asking a database, keep nobody waiting who calls this process.
 * @throws ServiceError STORE_UNAVAILABLE, with a message that says what to do.
 */
export async function openStoreThread(place: StorePlace, { onIdleError }: StoreThreadOptions = {}): Promise<Store> {
  const worker = new Worker(storeWorkerUrl, {
    workerData: place,
    // Its work is short transactions: a small young generation keeps the idle service small.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  const pending = new Map<number, Pending>();
  const watchers = new Set<StoreWatcher>();
  let lastId = 0;
  let gone: ServiceError | undefined;

  const fail = (reason: string) => {
    gone = new ServiceError('STORE_UNAVAILABLE', reason);
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  };
  const opened = new Promise<void>((resolve, reject) => {
    pending.set(0, { resolve: () => resolve(), reject });
  });
  worker.on('message', (news: StoreNews) => {
    if ('announcement' in news) return tell(watchers, news.announcement);
    if ('idleError' in news) return onIdleError?.(news.idleError);
    const { id, value, error } = news;
    const waiting = pending.get(id);
    pending.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new ServiceError(error.code, error.message));
  });
  worker.on('error', (error) => fail(`the database thread ended: ${error.message}`));
  worker.on('exit', () => fail('the database is closed'));

  const call = (operation: string, input: unknown): Promise<never> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(gone);
      lastId += 1;
      pending.set(lastId, { resolve: (value) => resolve(value as never), reject });
      worker.postMessage({ id: lastId, operation, input } satisfies StoreCall);
    });

  try {
    await opened;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    isShared: place.engine === 'postgres',
    watch(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    finishedAmong: (executionIds) => call('finishedAmong', executionIds),
    accept: batched((executions) => call('accept', executions)),
    openRound: (input) => call('openRound', input),
    commitRound: (round) => call('commitRound', round),
    markDoubt: (input) => call('markDoubt', input),
    closeChange: (close) => call('closeChange', close),
    claimFollowed: (input) => call('claimFollowed', input),
    stepFollowed: (step) => call('stepFollowed', step),
    claimCallbacks: (input) => call('claimCallbacks', input),
    settleCallback: (input) => call('settleCallback', input),
    cancel: (input) => call('cancel', input),
    releaseLane: (input) => call('releaseLane', input),
    readLaneHistory: (input) => call('readLaneHistory', input),
    endAllLeases: () => call('endAllLeases', undefined),
    boundTimes: (longest) => call('boundTimes', longest),
    idleTargets: (input) => call('idleTargets', input),
    measureUnfinished: () => call('measureUnfinished', undefined),
    findExecution: (id) => call('findExecution', id),
    findSignal: (executionId) => call('findSignal', executionId),
    listExecutions: (filter) => call('listExecutions', filter),
    prune: (input) => call('prune', input),
    installationId: (proposed) => call('installationId', proposed),
    ping: () => call('ping', undefined),
    async close() {
      if (gone !== undefined) return;
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      await call('close', undefined);
      await exited;
    },
  };
}

function tell(watchers: ReadonlySet<StoreWatcher>, announcement: Announcement): void {
  for (const watcher of watchers) {
    if ('waiting' in announcement) watcher.waiting(announcement.waiting);
    else watcher.finished(announcement.finished);
  }
}
