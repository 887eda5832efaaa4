import { Worker } from 'node:worker_threads';
import { ServiceError } from '../domain/errors.ts';
import { batched } from './batched.ts';
import { NotKept } from './rounds.ts';
import { storeWorkerUrl } from './store-worker-url.ts';
import type { Store } from './store.ts';

/** One operation on its way to the thread. */
export interface StoreCall {
  readonly id: number;
  readonly operation: string;
  readonly input: unknown;
  /** It is only made ready; what becomes of it is said by a `StoreVerdict`. */
  readonly isKept?: boolean;
}

/** What becomes of a call that was made ready. */
export interface StoreVerdict {
  readonly id: number;
  readonly isWanted: boolean;
}

/** The answer to a call; that of id 0: the database is open. */
export interface StoreAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: 'STORE_UNAVAILABLE' | 'NOT_KEPT'; readonly message: string };
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens SQLite's file in a thread of its own: a slow disk keeps nobody waiting who calls this process.
 * @throws ServiceError STORE_UNAVAILABLE, with a message that says what to do.
 */
export async function openStoreThread(file: string): Promise<Store> {
  const worker = new Worker(storeWorkerUrl, {
    workerData: file,
    // Its work is short transactions: a small young generation keeps the idle service small.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let gone: ServiceError | undefined;

  let isOpen = false;
  const ended = (reason: string): void => {
    gone ??= new ServiceError('STORE_UNAVAILABLE', reason);
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
    // A fault of ours, or no memory left: nothing could be stored any more, and only an end is noticed by whoever runs this process. What
    // was accepted goes on at the next start.
    if (isOpen) throw gone;
  };
  const opened = new Promise<void>((resolve, reject) => {
    pending.set(0, { resolve: () => resolve(), reject });
  });
  worker.on('message', ({ id, value, error }: StoreAnswer) => {
    const waiting = pending.get(id);
    pending.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else if (error.code === 'NOT_KEPT') waiting?.reject(new NotKept(error.message));
    else waiting?.reject(new ServiceError(error.code, error.message));
  });
  worker.on('error', (error) => ended(`the database thread ended: ${error.message}`));
  worker.on('exit', () => ended(isOpen ? 'the database thread ended' : 'the database is closed'));

  let giveUpKept = (): void => undefined;
  const call = (operation: string, input: unknown, isKept = false): Promise<never> => {
    // There is one connection, and whatever comes now would wait for it.
    giveUpKept();
    return new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(gone);
      lastId += 1;
      pending.set(lastId, { resolve: (value) => resolve(value as never), reject });
      worker.postMessage({ id: lastId, operation, input, isKept } satisfies StoreCall);
    });
  };

  const callOnce = (operation: string, input: unknown, once: Promise<unknown>): Promise<never> => {
    const answer = call(operation, input, true);
    const id = lastId;
    const judge = (isWanted: boolean): void => {
      if (giveUpKept !== giveUp) return;
      giveUpKept = () => undefined;
      worker.postMessage({ id, isWanted } satisfies StoreVerdict);
    };
    const giveUp = (): void => judge(false);
    giveUpKept = giveUp;
    once.then(() => judge(true), giveUp);
    return answer;
  };

  try {
    await opened;
    isOpen = true;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    isShared: false,
    watch: () => () => undefined,
    finishedAmong: (executionIds) => call('finishedAmong', executionIds),
    accept: batched((executions) => call('accept', executions)),
    openRound: (input) => call('openRound', input),
    commitRound: ({ once, ...round }) =>
      once === undefined ? call('commitRound', round) : callOnce('commitRound', round, once),
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
      isOpen = false;
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      await call('close', undefined);
      await exited;
    },
  };
}
