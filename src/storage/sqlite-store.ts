import { Worker } from 'node:worker_threads';
import { ServiceError } from '../domain/errors.ts';
import { batched } from './batched.ts';
import type { Store } from './store.ts';

/** One operation on its way to the worker thread. */
export interface SqliteCall {
  readonly id: number;
  readonly operation: string;
  readonly input: unknown;
}

/** Its answer; id 0 tells that the file is open. */
export interface SqliteReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: 'STORE_UNAVAILABLE'; readonly message: string };
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens the embedded store in a worker thread, for this process alone.
 * @throws ServiceError STORE_UNAVAILABLE, with a message that says what to do, when the file is locked, damaged, newer or not writable.
 */
export async function openSqliteStore(file: string): Promise<Store> {
  // The compiled worker lies beside this module under the other extension.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./sqlite-worker.${extension}`, import.meta.url), {
    workerData: { file },
    // Its work is short transactions: a small young generation keeps the idle service small.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let gone: ServiceError | undefined;

  const fail = (reason: string) => {
    gone = new ServiceError('STORE_UNAVAILABLE', reason);
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  };
  const answered = new Promise<void>((resolve, reject) => {
    pending.set(0, { resolve: () => resolve(), reject });
  });
  worker.on('message', ({ id, value, error }: SqliteReply) => {
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
      worker.postMessage({ id: lastId, operation, input } satisfies SqliteCall);
    });

  try {
    await answered;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  await call('endAllLeases', undefined);

  return {
    isShared: false,
    watch: () => () => undefined,
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
