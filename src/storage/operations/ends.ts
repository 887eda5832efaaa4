import type { Outcome } from '../../domain/outcome.ts';
import type { Tx } from '../engine.ts';
import type { FinishedExecution, ItemEnd } from '../store.ts';
import { releaseCallback } from './callbacks.ts';

/** An item was decided by somebody else meanwhile: the whole transaction is to be rolled back. */
export class DecidedMeanwhile extends Error {}

/** Ends items, and each execution with its last one. @throws DecidedMeanwhile when one of them has ended already. */
export async function endItems(
  tx: Tx,
  ended: readonly ItemEnd[],
  nowMs: number,
): Promise<readonly FinishedExecution[]> {
  const finished: FinishedExecution[] = [];
  for (const item of ended) {
    const row = await tx
      .updateTable('items')
      .set({
        state: 'finished',
        outcome: item.outcome,
        message: item.message,
        code: item.code ?? null,
        applied: item.applied ?? null,
        scale_from: item.from ?? null,
        scale_to: item.to ?? null,
      })
      .where('id', '=', item.itemId)
      .where('state', '!=', 'finished')
      .returning('execution_id')
      .executeTakeFirst();
    if (row === undefined) throw new DecidedMeanwhile();
    const outcome = await endExecution(tx, row.execution_id, nowMs);
    if (outcome !== undefined) finished.push({ executionId: row.execution_id, outcome });
  }
  return finished;
}

/** Ends an execution once its last item has ended; undefined while others are open. */
async function endExecution(tx: Tx, executionId: string, nowMs: number): Promise<Outcome | undefined> {
  let items = await readItems(tx, executionId);
  if (items.length > 1) {
    // Two replicas that end the last two items at once would each still see the other's open, and nobody would end the execution.
    await tx.updateTable('executions').set({ item_count: items.length }).where('id', '=', executionId).execute();
    items = await readItems(tx, executionId);
  }
  if (items.some(({ state }) => state !== 'finished')) return undefined;
  const [first] = items;
  if (first === undefined) return undefined;
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
      message: items.length === 1 ? first.message : summary(items.map((item) => item.outcome ?? '')),
      code: failed?.code ?? (isAlike ? first.code : null),
      applied,
      scale_from: items.length === 1 ? first.scale_from : null,
      scale_to: items.length === 1 ? first.scale_to : null,
      finished_at: nowMs,
      kept_body: null,
    })
    .where('id', '=', executionId)
    .execute();
  await releaseCallback(tx, executionId, nowMs);
  if (outcome === 'failed' && applied === 'no') {
    // Nothing happened: the same event may be told again and then counts.
    await tx.deleteFrom('seen_keys').where('execution_id', '=', executionId).execute();
  }
  return outcome;
}

async function readItems(tx: Tx, executionId: string) {
  return tx
    .selectFrom('items')
    .select(['state', 'outcome', 'message', 'code', 'applied', 'scale_from', 'scale_to'])
    .where('execution_id', '=', executionId)
    .execute();
}

function summary(outcomes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${String(count)} ${outcome}`).join(', ');
}
