import { sql } from 'kysely';
import type { Outcome } from '../../domain/outcome.ts';
import type { Engine, Tx } from '../engine.ts';
import type { FinishedExecution, ItemEnd } from '../rounds.ts';
import type { ItemsTable } from '../tables.ts';
import { releaseCallbacks } from './callbacks.ts';
import { givenRows, type GivenColumns } from './given-rows.ts';

/** An item was decided by somebody else meanwhile: the whole transaction is to be rolled back. */
export class DecidedMeanwhile extends Error {}

const endColumns: GivenColumns<ItemRow> = {
  id: 'text',
  outcome: 'text',
  message: 'text',
  code: 'text',
  applied: 'text',
  scale_from: 'whole',
  scale_to: 'whole',
};

type ItemRow = Pick<ItemsTable, 'id' | 'outcome' | 'message' | 'code' | 'applied' | 'scale_from' | 'scale_to'>;

/** Ends items, and each execution with its last one. @throws DecidedMeanwhile when one of them has ended already. */
export async function endItems(
  tx: Tx,
  engine: Engine,
  ended: readonly ItemEnd[],
  nowMs: number,
): Promise<readonly FinishedExecution[]> {
  if (ended.length === 0) return [];
  const given = ended.map(({ itemId, outcome, message, code, applied, from, to }) => ({
    id: itemId,
    outcome,
    message,
    code: code ?? null,
    applied: applied ?? null,
    scale_from: from ?? null,
    scale_to: to ?? null,
  }));
  // The state is appended to nothing, so that PostgreSQL does not count on the few that are unfinished and looks through all items
  // for them instead of finding the given ones by their ids.
  const { rows } = await sql<{ execution_id: string }>`
    update items set state = 'finished', outcome = given.outcome, message = given.message, code = given.code,
      applied = given.applied, scale_from = given.scale_from, scale_to = given.scale_to
    from ${givenRows(engine, endColumns, given)}
    where items.id = given.id and items.state || '' <> 'finished'
    returning items.execution_id`.execute(tx);
  if (rows.length < ended.length) throw new DecidedMeanwhile();
  return endExecutionsOf(tx, engine, rows, nowMs);
}

/** Ends every item of a change alike, each with the message that it has unless another is given. */
export async function endItemsAlike(
  tx: Tx,
  engine: Engine,
  changeId: string,
  { outcome, message, code, applied }: Pick<ItemEnd, 'outcome' | 'code' | 'applied'> & { readonly message?: string },
  nowMs: number,
): Promise<readonly FinishedExecution[]> {
  const ended = await tx
    .updateTable('items')
    .set({
      state: 'finished',
      outcome,
      code: code ?? null,
      applied: applied ?? null,
      ...(message === undefined ? {} : { message }),
    })
    .where('change_id', '=', changeId)
    .where('state', '=', sql.lit('under-way'))
    .returning('execution_id')
    .execute();
  return endExecutionsOf(tx, engine, ended, nowMs);
}

interface EndedExecution {
  readonly id: string;
  readonly outcome: Outcome;
  readonly applied: string | null;
  /** How many it may have. */
  readonly callbacks: number;
}

const idColumn: GivenColumns<{ id: string }> = { id: 'text' };

/** Ends the executions of items that have just ended, each with its last one. */
async function endExecutionsOf(
  tx: Tx,
  engine: Engine,
  items: readonly { readonly execution_id: string }[],
  nowMs: number,
): Promise<readonly FinishedExecution[]> {
  if (items.length === 0) return [];
  const executionIds = [...new Set(items.map((item) => item.execution_id))];
  const ids = (all: readonly string[]) =>
    givenRows(
      engine,
      idColumn,
      all.map((id) => ({ id })),
    );
  // Nearly all have one item, and end as it did.
  const { rows } = await sql<EndedExecution>`
    update executions set state = 'finished', outcome = items.outcome, message = items.message, code = items.code,
      applied = case when items.outcome = 'failed' or items.applied = 'unknown' then items.applied end,
      scale_from = items.scale_from, scale_to = items.scale_to, finished_at = ${nowMs}, kept_body = null
    from ${ids(executionIds)} join items on items.execution_id = given.id
    where executions.id = given.id and executions.item_count = 1
    returning executions.id, executions.outcome, executions.applied,
      (select count(*) from callbacks where callbacks.execution_id = executions.id) as callbacks`.execute(tx);
  const ended = [...rows];
  const single = new Set(rows.map(({ id }) => id));
  for (const executionId of executionIds) {
    const one = single.has(executionId) ? undefined : await endExecution(tx, executionId, nowMs);
    if (one !== undefined) ended.push(one);
  }
  if (ended.length === 0) return [];
  const calledBack = ended.filter(({ callbacks }) => callbacks > 0).map(({ id }) => id);
  if (calledBack.length > 0) await releaseCallbacks(tx, ids(calledBack), nowMs);
  // Nothing happened: the same event may be told again and then counts.
  const undone = ended.filter(({ outcome, applied }) => outcome === 'failed' && applied === 'no');
  if (undone.length > 0) {
    const undoneIds = ids(undone.map(({ id }) => id));
    await sql`delete from seen_keys where execution_id in (select id from ${undoneIds})`.execute(tx);
  }
  return ended.map(({ id, outcome }) => ({ executionId: id, outcome }));
}

/** Ends an execution of several items once its last one has ended; undefined while others are open. */
async function endExecution(tx: Tx, id: string, nowMs: number): Promise<EndedExecution | undefined> {
  // Two replicas that end the last two items at once would each still see the other's open, and nobody would end the execution.
  await tx
    .updateTable('executions')
    .set({ item_count: sql<number>`item_count` })
    .where('id', '=', id)
    .execute();
  const items = await readItems(tx, id);
  const [first] = items;
  if (first === undefined || items.some(({ state }) => state !== 'finished')) return undefined;
  const isAlike = items.every(({ outcome }) => outcome === first.outcome);
  const outcome = (isAlike ? first.outcome : 'partial') as Outcome;
  const failed = items.find((item) => item.outcome === 'failed');
  // One that may have been applied decides for all: the caller must not be told that it is safe to repeat.
  const applied = items.some((item) => item.applied === 'unknown') ? 'unknown' : (failed?.applied ?? null);
  await tx
    .updateTable('executions')
    .set({
      state: 'finished',
      outcome,
      message: summary(items.map((item) => item.outcome ?? '')),
      code: failed?.code ?? (isAlike ? first.code : null),
      applied,
      finished_at: nowMs,
      kept_body: null,
    })
    .where('id', '=', id)
    .execute();
  return { id, outcome, applied, callbacks: 1 };
}

async function readItems(tx: Tx, executionId: string) {
  return tx
    .selectFrom('items')
    .select(['state', 'outcome', 'code', 'applied'])
    .where('execution_id', '=', executionId)
    .execute();
}

function summary(outcomes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${String(count)} ${outcome}`).join(', ');
}
