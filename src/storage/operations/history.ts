import { sql, type Selectable } from 'kysely';
import type { Applied, ErrorCode } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Signal } from '../../domain/signal.ts';
import type { Database, Engine } from '../engine.ts';
import type { AttemptsTable, ExecutionsTable, ItemsTable } from '../tables.ts';
import type { HistoryFilter, StoredAttempt, StoredExecution, StoredItem } from '../stored-execution.ts';
import type { Store } from '../store.ts';

// Found through the small indexes on unfinished items, however long the history is.
const isUnfinished = sql<boolean>`executions.id in (
  select execution_id from items where state = 'waiting' union select execution_id from items where state = 'under-way'
)`;
const isBegun = sql<boolean>`exists (select 1 from items where execution_id = executions.id and (state <> 'waiting' or maybe_sent = 1))`;
const isNotBegun = sql<boolean>`not ${isBegun}`;

/** See `Store.findExecution`. Attempts are those on its targets while it waited: a round serves many executions at once. */
export async function findExecution(db: Database, id: string): Promise<StoredExecution | undefined> {
  const row = await db.selectFrom('executions').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  const items = await db.selectFrom('items').selectAll().where('execution_id', '=', id).orderBy('id').execute();
  let attempts: StoredAttempt[] = [];
  if (items.length > 0) {
    const targets = [...new Set(items.map(({ target }) => target))];
    let query = db.selectFrom('attempts').selectAll().where('target', 'in', targets).where('at', '>=', row.accepted_at);
    if (row.finished_at !== null) query = query.where('at', '<=', row.finished_at);
    attempts = (await query.orderBy('seq').limit(200).execute()).map(toAttempt);
  }
  return toExecution(row, items.map(toItem), attempts);
}

/** See `Store.finishedAmong`. */
export async function finishedAmong(db: Database, executionIds: readonly string[]): Promise<readonly string[]> {
  if (executionIds.length === 0) return [];
  const rows = await db
    .selectFrom('executions')
    .select('id')
    .where('id', 'in', executionIds)
    .where('state', '=', 'finished')
    .execute();
  return rows.map(({ id }) => id);
}

/** See `Store.measureUnfinished`. */
export async function measureUnfinished(db: Database, engine: Engine): ReturnType<Store['measureUnfinished']> {
  const { rows } = await sql<{ count: number; oldest: number | null; now: number }>`
    select count(*) as count, min(accepted_at) as oldest, ${engine.nowMs} as now from executions where ${isUnfinished}
  `.execute(db);
  const { count, oldest, now } = rows[0] ?? { count: 0, oldest: null, now: 0 };
  return { count, ...(oldest === null ? {} : { oldestAgeMs: Math.max(0, now - oldest) }) };
}

/** See `Store.listExecutions`: newest first, without attempts. */
export async function listExecutions(db: Database, filter: HistoryFilter): Promise<readonly StoredExecution[]> {
  let query = db.selectFrom('executions').selectAll('executions').where('project_id', '=', filter.projectId);
  if (filter.receiverId !== undefined) query = query.where('receiver_id', '=', filter.receiverId);
  if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
  if (filter.state === 'finished') query = query.where('state', '=', 'finished');
  else if (filter.state !== undefined)
    query = query.where(isUnfinished).where(filter.state === 'under-way' ? isBegun : isNotBegun);
  if (filter.acceptedFromMs !== undefined) query = query.where('accepted_at', '>=', filter.acceptedFromMs);
  if (filter.acceptedBeforeMs !== undefined) query = query.where('accepted_at', '<', filter.acceptedBeforeMs);
  if (filter.beforeSeq !== undefined) query = query.where('seq', '<', filter.beforeSeq);
  if (filter.target !== undefined) {
    const { target } = filter;
    query = query.where('seq', 'in', (items) =>
      items.selectFrom('items').select('items.seq').where('items.target', '=', target),
    );
  }
  const rows = await query.orderBy('seq', 'desc').limit(filter.limit).execute();
  if (rows.length === 0) return [];
  const items = await db
    .selectFrom('items')
    .selectAll()
    .where(
      'execution_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('id')
    .execute();
  const itemsOf = Map.groupBy(items, ({ execution_id }) => execution_id);
  return rows.map((row) => toExecution(row, (itemsOf.get(row.id) ?? []).map(toItem), []));
}

/** See `Store.findSignal`. */
export async function findSignal(db: Database, executionId: string): Promise<Signal | undefined> {
  const row = await db.selectFrom('executions').select('signal').where('id', '=', executionId).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.signal) as Signal);
}

function toExecution(
  row: Selectable<ExecutionsTable>,
  items: readonly StoredItem[],
  attempts: readonly StoredAttempt[],
): StoredExecution {
  return {
    seq: row.seq,
    id: row.id,
    projectId: row.project_id,
    receiverId: row.receiver_id,
    receiverName: row.receiver_name,
    driver: row.driver,
    format: row.format,
    reason: (JSON.parse(row.signal) as Signal).reason,
    state: row.state,
    ...ending(row),
    acceptedAtMs: row.accepted_at,
    ...(row.finished_at === null ? {} : { finishedAtMs: row.finished_at }),
    items,
    attempts,
  };
}

function toItem(row: Selectable<ItemsTable>): StoredItem {
  return {
    target: row.target,
    // What may have been sent was begun, though it waits again.
    state: row.state === 'waiting' && row.maybe_sent === 1 ? 'under-way' : row.state,
    ...(row.change_id === null ? {} : { changeId: row.change_id }),
    ...ending(row),
  };
}

type Ending = Pick<Selectable<ItemsTable>, 'outcome' | 'message' | 'code' | 'applied' | 'scale_from' | 'scale_to'>;

function ending({ outcome, message, code, applied, scale_from, scale_to }: Ending) {
  return {
    message,
    ...(outcome === null ? {} : { outcome: outcome as Outcome }),
    ...(code === null ? {} : { code: code as ErrorCode }),
    ...(applied === null ? {} : { applied: applied as Applied }),
    ...(scale_from === null ? {} : { from: scale_from }),
    ...(scale_to === null ? {} : { to: scale_to }),
  };
}

function toAttempt(row: Selectable<AttemptsTable>): StoredAttempt {
  return {
    target: row.target,
    atMs: row.at,
    result: row.result,
    ...(row.code === null ? {} : { code: row.code as ErrorCode }),
  };
}
