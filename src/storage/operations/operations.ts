import type { Database, OpenDatabase } from '../engine.ts';
import { NotKept } from '../rounds.ts';
import type { Store } from '../store.ts';
import { accept } from './accept.ts';
import { boundTimes } from './bound-times.ts';
import { cancel } from './cancel.ts';
import { claimCallbacks, settleCallback } from './callbacks.ts';
import { claimFollowed, stepFollowed } from './followed.ts';
import { findExecution, findSignal, finishedAmong, listExecutions, measureUnfinished } from './history.ts';
import { installationId } from './installation.ts';
import { endAllLeases, idleTargets, openRound, readLaneHistory, releaseLane } from './lanes.ts';
import { prune } from './prune.ts';
import { closeChange, commitRound, markDoubt } from './rounds.ts';

export type StoreOperations = Omit<Store, 'close' | 'isShared' | 'watch'>;

/**
 * The store's operations on an open database, the same for every engine; `close` is the engine's own.
 * All throw what `explain` makes of what went wrong.
 */
export function operationsOn(database: OpenDatabase): StoreOperations {
  const { db, engine } = database;
  const told = <T>(operation: Promise<T>): Promise<T> =>
    operation.catch((error: unknown) => {
      throw error instanceof NotKept ? error : database.explain(error);
    });
  return {
    accept: (executions) => told(accept(db, engine, executions)),
    openRound: (input) => told(openRound(db, engine, input)),
    commitRound: (round) => told(commitRound(db, engine, round)),
    markDoubt: (input) => told(markDoubt(db, engine, input)),
    closeChange: (close) => told(closeChange(db, engine, close)),
    claimFollowed: (input) => told(claimFollowed(db, engine, input)),
    stepFollowed: (step) => told(stepFollowed(db, engine, step)),
    claimCallbacks: (input) => told(claimCallbacks(db, engine, input)),
    settleCallback: (input) => told(settleCallback(db, engine, input)),
    cancel: (input) => told(cancel(db, engine, input)),
    releaseLane: (input) => told(releaseLane(db, engine, input)),
    readLaneHistory: (input) => told(readLaneHistory(db, engine, input)),
    endAllLeases: () => told(endAllLeases(db, engine)),
    boundTimes: (longest) => told(boundTimes(db, engine, longest)),
    idleTargets: (input) => told(idleTargets(db, engine, input)),
    finishedAmong: (executionIds) => told(finishedAmong(db, executionIds)),
    measureUnfinished: () => told(measureUnfinished(db, engine)),
    findExecution: (id) => told(findExecution(db, id)),
    findSignal: (executionId) => told(findSignal(db, executionId)),
    listExecutions: (filter) => told(listExecutions(db, filter)),
    prune: (input) => told(prune(db, engine, input)),
    installationId: (proposed) => told(installationId(db, proposed)),
    ping: () => told(ping(db)),
  };
}

/** On a full disk everything can be read, and no trigger can be stored. */
async function ping(db: Database): Promise<void> {
  await db.updateTable('installation').set({ only: 1 }).execute();
}
