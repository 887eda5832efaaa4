import { sql, type RawBuilder } from 'kysely';
import type { Database, Engine, Tx } from '../engine.ts';
import { readNowMs } from '../engine.ts';
import type { DueCallback, Store } from '../store.ts';

/** Lets the callbacks of executions that have just ended go out, in the commit that ends them; `given` has their `id`s. */
export async function releaseCallbacks(tx: Tx, given: RawBuilder<unknown>, { nowMs }: Engine): Promise<void> {
  await sql`
    update callbacks set ended_at = ${nowMs}, next_attempt_at = ${nowMs}
    where execution_id in (select id from ${given})`.execute(tx);
}

/** See `Store.claimCallbacks`. */
export async function claimCallbacks(
  db: Database,
  engine: Engine,
  { holder, leaseMs, limit }: Parameters<Store['claimCallbacks']>[0],
): Promise<readonly DueCallback[]> {
  return db.transaction().execute(async (tx) => {
    const nowMs = await readNowMs(tx, engine);
    let due = tx
      .selectFrom('callbacks')
      .select('execution_id')
      .where('next_attempt_at', '<=', nowMs)
      .where((where) => where.or([where('lease_until', 'is', null), where('lease_until', '<=', nowMs)]))
      .orderBy('next_attempt_at')
      .limit(limit);
    // Replicas that look at the same moment take different ones instead of waiting for each other.
    if (engine.name === 'postgres') due = due.forUpdate().skipLocked();
    const ids = (await due.execute()).map(({ execution_id }) => execution_id);
    if (ids.length === 0) return [];
    const claimed = await tx
      .updateTable('callbacks')
      .set({ holder, lease_until: nowMs + leaseMs, attempts: sql<number>`attempts + 1` })
      .where('execution_id', 'in', ids)
      .returning(['execution_id', 'destination', 'attempts', 'ended_at'])
      .execute();
    return claimed.map(({ execution_id, destination, attempts, ended_at }) => ({
      executionId: execution_id,
      destination,
      attempt: attempts,
      ageMs: nowMs - (ended_at ?? nowMs),
    }));
  });
}

/** See `Store.settleCallback`. */
export async function settleCallback(
  db: Database,
  engine: Engine,
  { executionId, holder, next }: Parameters<Store['settleCallback']>[0],
): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const nowMs = await readNowMs(tx, engine);
    if (next.kind === 'over') {
      const settled = await tx
        .deleteFrom('callbacks')
        .where('execution_id', '=', executionId)
        .where('holder', '=', holder)
        .where('lease_until', '>', nowMs)
        .returning('execution_id')
        .execute();
      return settled.length > 0;
    }
    const settled = await tx
      .updateTable('callbacks')
      .set({ holder: null, lease_until: null, next_attempt_at: nowMs + next.afterMs })
      .where('execution_id', '=', executionId)
      .where('holder', '=', holder)
      .where('lease_until', '>', nowMs)
      .returning('execution_id')
      .execute();
    return settled.length > 0;
  });
}
