import type { Database, Engine } from '../engine.ts';
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

/** The store's operations on an open database, the same for every engine; `close` is the engine's own. */
export function operationsOn(db: Database, engine: Engine): Omit<Store, 'close' | 'isShared' | 'watch'> {
  return {
    accept: (executions) => accept(db, engine, executions),
    openRound: (input) => openRound(db, engine, input),
    commitRound: (round) => commitRound(db, engine, round),
    markDoubt: (input) => markDoubt(db, engine, input),
    closeChange: (close) => closeChange(db, engine, close),
    claimFollowed: (input) => claimFollowed(db, engine, input),
    stepFollowed: (step) => stepFollowed(db, engine, step),
    claimCallbacks: (input) => claimCallbacks(db, engine, input),
    settleCallback: (input) => settleCallback(db, engine, input),
    cancel: (input) => cancel(db, engine, input),
    releaseLane: (input) => releaseLane(db, engine, input),
    readLaneHistory: (input) => readLaneHistory(db, engine, input),
    endAllLeases: () => endAllLeases(db, engine),
    boundTimes: (longest) => boundTimes(db, engine, longest),
    idleTargets: (input) => idleTargets(db, engine, input),
    finishedAmong: (executionIds) => finishedAmong(db, executionIds),
    measureUnfinished: () => measureUnfinished(db, engine),
    findExecution: (id) => findExecution(db, id),
    findSignal: (executionId) => findSignal(db, executionId),
    listExecutions: (filter) => listExecutions(db, filter),
    prune: (input) => prune(db, engine, input),
    installationId: (proposed) => installationId(db, proposed),
    async ping() {
      // On a full disk everything can be read, and no trigger can be stored.
      await db.updateTable('installation').set({ only: 1 }).execute();
    },
  };
}
