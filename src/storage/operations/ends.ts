import { sql, type RawBuilder } from 'kysely';
import type { Outcome } from '../../domain/outcome.ts';
import type { Engine, Tx } from '../engine.ts';
import type { FinishedExecution, ItemEnd } from '../rounds.ts';
import type { ItemsTable } from '../tables.ts';
import { releaseCallbacks } from './callbacks.ts';
import { statement } from '../statement.ts';
import { asParameter, givenRows, type GivenColumns } from './given-rows.ts';

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

// What may have been sent once is not known to have been without effect, whatever became of it later: its keys are not freed.
const appliedOf = (given: RawBuilder<string | null>) =>
  sql<string | null>`case when ${given} = 'no' and items.maybe_sent = 1 then 'unknown' else ${given} end`;
const messageOf = (message: RawBuilder<string>, applied: RawBuilder<string | null>) =>
  sql<string>`${message} || case when ${applied} = 'no' and items.maybe_sent = 1
    then '; it may have been sent before, and may have arrived' else '' end`;

type ItemRow = Pick<ItemsTable, 'id' | 'outcome' | 'message' | 'code' | 'applied' | 'scale_from' | 'scale_to'>;

const itemCount = sql<number>`(select item_count from executions where executions.id = items.execution_id)`;
const callbackCount = sql<number>`(select count(*) from callbacks where callbacks.execution_id = items.execution_id)`;

/** Ends items, and each execution with its last one. @throws DecidedMeanwhile when one of them has ended already. */
export async function endItems(
  tx: Tx,
  engine: Engine,
  ended: readonly ItemEnd[],
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
  const { rows } = await endGivenItems(tx, engine, { items: asParameter(given) });
  if (rows.length < ended.length) throw new DecidedMeanwhile();
  return endExecutionsOf(tx, engine, rows);
}

// The state is appended to nothing, so that PostgreSQL does not count on the few that are unfinished and looks through all items
// for them instead of finding the given ones by their ids.
const endGivenItems = statement(
  ({ items }: { items: string }, { engine }) => sql<EndedItem>`
    update items set state = 'finished', outcome = given.outcome, code = given.code,
      message = ${messageOf(sql`given.message`, sql`given.applied`)}, applied = ${appliedOf(sql`given.applied`)},
      scale_from = given.scale_from, scale_to = given.scale_to
    from ${givenRows(engine, endColumns, items)}
    where items.id = given.id and items.state || '' <> 'finished'
    returning items.execution_id, items.outcome, items.applied, ${itemCount} as item_count, ${callbackCount} as callbacks`,
);

/** Ends every item of a change alike, each with the message that it has unless another is given. */
export async function endItemsAlike(
  tx: Tx,
  engine: Engine,
  changeId: string,
  { outcome, message, code, applied }: Pick<ItemEnd, 'outcome' | 'code' | 'applied'> & { readonly message?: string },
): Promise<readonly FinishedExecution[]> {
  const { rows } = await endItemsOfChange(tx, engine, {
    changeId,
    outcome,
    code: code ?? null,
    applied: applied ?? null,
    message: message ?? null,
  });
  return endExecutionsOf(tx, engine, rows);
}

const endItemsOfChange = statement(
  (given: Pick<ItemsTable, 'outcome' | 'code' | 'applied'> & { changeId: string; message: string | null }, { tx }) =>
    tx
      .updateTable('items')
      .set({
        state: sql.lit('finished'),
        outcome: given.outcome,
        code: given.code,
        applied: appliedOf(sql`cast(${given.applied} as text)`),
        message: messageOf(sql`coalesce(${given.message}, message)`, sql`cast(${given.applied} as text)`),
      })
      .where('change_id', '=', given.changeId)
      .where('state', '=', sql.lit('under-way'))
      .returning(['execution_id', 'outcome', 'applied', itemCount.as('item_count'), callbackCount.as('callbacks')]),
);

interface EndedItem {
  readonly execution_id: string;
  readonly outcome: string | null;
  readonly applied: string | null;
  /** How many items its execution has, and how many callbacks. */
  readonly item_count: number;
  readonly callbacks: number;
}

interface EndedExecution {
  readonly id: string;
  readonly outcome: Outcome;
  readonly applied: string | null;
  readonly callbacks: number;
}

const idColumn: GivenColumns<{ id: string }> = { id: 'text' };

/** Ends the executions of items that have just ended, each with its last one. */
async function endExecutionsOf(
  tx: Tx,
  engine: Engine,
  items: readonly EndedItem[],
): Promise<readonly FinishedExecution[]> {
  if (items.length === 0) return [];
  const ids = (all: readonly string[]) => asParameter(all.map((id) => ({ id })));
  // Nearly all have one item, and end as it did.
  const ended = items
    .filter(({ item_count }) => item_count === 1)
    .map(({ execution_id, outcome, applied, callbacks }): EndedExecution => {
      const isTold = outcome === 'failed' || applied === 'unknown';
      return { id: execution_id, outcome: outcome as Outcome, applied: isTold ? applied : null, callbacks };
    });
  if (ended.length > 0) await endExecutionsOfOne(tx, engine, { ids: ids(ended.map(({ id }) => id)) });
  const ofSeveral = new Set(items.filter(({ item_count }) => item_count > 1).map((item) => item.execution_id));
  for (const executionId of ofSeveral) {
    const one = await endExecution(tx, engine, executionId);
    if (one !== undefined) ended.push(one);
  }
  if (ended.length === 0) return [];
  const calledBack = ended.filter(({ callbacks }) => callbacks > 0).map(({ id }) => id);
  if (calledBack.length > 0) await releaseCallbacks(tx, givenRows(engine, idColumn, ids(calledBack)), engine);
  // Nothing happened: the same event may be told again and then counts.
  const undone = ended.filter(({ outcome, applied }) => outcome === 'failed' && applied === 'no');
  if (undone.length > 0) {
    const undoneIds = givenRows(engine, idColumn, ids(undone.map(({ id }) => id)));
    await sql`delete from seen_keys where execution_id in (select id from ${undoneIds})`.execute(tx);
  }
  return ended.map(({ id, outcome }) => ({ executionId: id, outcome }));
}

const endExecutionsOfOne = statement(
  ({ ids }: { ids: string }, { engine }) => sql`
    update executions set state = 'finished', outcome = items.outcome, message = items.message, code = items.code,
      applied = case when items.outcome = 'failed' or items.applied = 'unknown' then items.applied end,
      scale_from = items.scale_from, scale_to = items.scale_to, finished_at = ${engine.nowMs}, kept_body = null
    from ${givenRows(engine, idColumn, ids)} join items on items.execution_id = given.id
    where executions.id = given.id`,
);

/** Ends an execution of several items once its last one has ended; undefined while others are open. */
async function endExecution(tx: Tx, engine: Engine, id: string): Promise<EndedExecution | undefined> {
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
      finished_at: engine.nowMs,
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
