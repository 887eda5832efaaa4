import { sql } from 'kysely';
import type { Database, Engine } from '../engine.ts';
import { readNowMs, together } from '../engine.ts';
import type { Committed, FollowedChange, FollowedStep } from '../rounds.ts';
import type { Store } from '../store.ts';
import { announceFinished } from './announce.ts';
import { addAttempt, progressChange } from './changes.ts';
import { patchLane } from './lane-patch.ts';

/** See `Store.claimFollowed`. */
export async function claimFollowed(
  db: Database,
  engine: Engine,
  { holder, leaseMs, limit }: Parameters<Store['claimFollowed']>[0],
): Promise<readonly FollowedChange[]> {
  return db.transaction().execute(async (tx) => {
    const nowMs = await readNowMs(tx, engine);
    let due = tx
      .selectFrom('changes')
      .select('id')
      .where('state', '=', sql.lit('following'))
      .where('next_attempt_at', '<=', nowMs)
      .where((where) => where.or([where('lease_until', 'is', null), where('lease_until', '<=', nowMs)]))
      .orderBy('next_attempt_at')
      .limit(limit);
    // Replicas that look at the same moment take different changes instead of waiting for each other.
    if (engine.name === 'postgres') due = due.forUpdate().skipLocked();
    const ids = (await due.execute()).map(({ id }) => id);
    if (ids.length === 0) return [];
    const claimed = await tx
      .updateTable('changes')
      .set({ holder, lease_until: nowMs + leaseMs })
      .where('id', 'in', ids)
      .returning(['id', 'target', 'driver', 'body', 'created_at'])
      .execute();
    return claimed.map(({ id, target, driver, body, created_at }) => ({
      changeId: id,
      target,
      driver,
      body: JSON.parse(body) as unknown,
      // A clock that was set back makes nothing younger than new.
      ageMs: Math.max(0, nowMs - created_at),
    }));
  });
}

/** See `Store.stepFollowed`. */
export async function stepFollowed(db: Database, engine: Engine, step: FollowedStep): Promise<Committed> {
  return db.transaction().execute(async (tx): Promise<Committed> => {
    const nowMs = await readNowMs(tx, engine);
    let mine = tx
      .selectFrom('changes')
      .select('id')
      .where('id', '=', step.changeId)
      .where('state', '=', sql.lit('following'))
      .where('holder', '=', step.holder)
      .where('lease_until', '>', nowMs);
    if (engine.name === 'postgres') mine = mine.forUpdate();
    if ((await mine.executeTakeFirst()) === undefined) return { kind: 'lane-lost' };
    if (step.attempt !== undefined) {
      const { target, changeId, attempt } = step;
      await addAttempt(tx, engine, { target, changeId, attempt });
    }
    const { ending, lane } = await progressChange(tx, engine, step);
    const [finished] = await together([ending, patchLane(tx, engine, step.target, lane)]);
    await announceFinished(
      tx,
      engine,
      finished.map(({ executionId }) => executionId),
    );
    return { kind: 'committed', finished, next: 'rest' };
  });
}
