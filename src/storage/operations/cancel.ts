import type { Database, Engine } from '../engine.ts';
import type { Store } from '../store.ts';
import { announceFinished } from './announce.ts';
import { endItems } from './ends.ts';

/** An item went under way between our look and our lock: nothing of the cancellation stands. */
class BegunMeanwhile extends Error {}

/** See `Store.cancel`. A holder that has read the items already loses its round when it commits, and decides without them. */
export async function cancel(
  db: Database,
  engine: Engine,
  { executionId, end }: Parameters<Store['cancel']>[0],
): ReturnType<Store['cancel']> {
  try {
    return await db.transaction().execute(async (tx) => {
      const execution = await tx
        .selectFrom('executions')
        .select(['state', 'item_count'])
        .where('id', '=', executionId)
        .executeTakeFirst();
      if (execution === undefined) return 'unknown';
      if (execution.state === 'finished') return 'finished';
      // Written, not only read: on PostgreSQL the rows are then ours until the commit.
      const waiting = await tx
        .updateTable('items')
        .set({ message: '' })
        .where('execution_id', '=', executionId)
        .where('state', '=', 'waiting')
        .where('maybe_sent', '=', 0)
        .returning('id')
        .execute();
      if (waiting.length < execution.item_count) throw new BegunMeanwhile();
      const ends = waiting.map(({ id }) => ({ itemId: id, outcome: 'failed', applied: 'no', ...end }) as const);
      const finished = await endItems(tx, engine, ends);
      await announceFinished(
        tx,
        engine,
        finished.map((one) => one.executionId),
      );
      return 'cancelled';
    });
  } catch (error) {
    if (error instanceof BegunMeanwhile) return 'begun';
    throw error;
  }
}
