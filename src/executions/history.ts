import { ServiceError } from '../domain/errors.ts';
import type { Store } from '../storage/store.ts';
import type { StoredExecution } from '../storage/stored-execution.ts';
import type { Execution, ExecutionHistory } from './execution.ts';

/** A stored execution as the API shows it. */
export function toExecution(stored: StoredExecution): Execution {
  const { acceptedAtMs, finishedAtMs, seq: _order, state, items, attempts, ...rest } = stored;
  const isUnderWay = state === 'waiting' && items.some((item) => item.state !== 'waiting');
  return {
    ...rest,
    state: isUnderWay ? 'under-way' : state,
    acceptedAt: new Date(acceptedAtMs).toISOString(),
    ...(finishedAtMs === undefined ? {} : { finishedAt: new Date(finishedAtMs).toISOString() }),
    items: items.map(({ changeId: _change, ...item }) => item),
    attempts: attempts.map(({ atMs, result, code }) => ({
      at: new Date(atMs).toISOString(),
      result,
      ...(code === undefined ? {} : { code }),
    })),
  };
}

/** The history over a store; cursors are opaque to the caller. */
export function createHistory(store: Store): ExecutionHistory {
  return {
    async find(projectId, executionId) {
      const stored = await store.findExecution(executionId);
      return stored?.projectId === projectId ? toExecution(stored) : undefined;
    },
    async list({ cursor, limit, acceptedFrom, acceptedBefore, ...filter }) {
      const rows = await store.listExecutions({
        ...filter,
        // One more than asked for tells whether there is a next page.
        limit: limit + 1,
        ...(acceptedFrom === undefined ? {} : { acceptedFromMs: Date.parse(acceptedFrom) }),
        ...(acceptedBefore === undefined ? {} : { acceptedBeforeMs: Date.parse(acceptedBefore) }),
        ...(cursor === undefined ? {} : { beforeSeq: decodeCursor(cursor) }),
      });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        executions: page.map(toExecution),
        ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor(last.seq) } : {}),
      };
    },
  };
}

function encodeCursor(seq: number): string {
  return Buffer.from(`before:${String(seq)}`).toString('base64url');
}

function decodeCursor(cursor: string): number {
  const seq = Number(/^before:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1]);
  if (!Number.isSafeInteger(seq)) {
    throw new ServiceError(
      'REQUEST_INVALID',
      `marker ${JSON.stringify(cursor.slice(0, 40))} is none of ours; follow the next link of a page`,
      { fieldName: 'marker' },
    );
  }
  return seq;
}
