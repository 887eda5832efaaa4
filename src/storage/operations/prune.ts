import { sql } from 'kysely';
import type { Database, Engine, Tx } from '../engine.ts';
import { readNowMs } from '../engine.ts';
import type { Store } from '../store.ts';

// Any number that no other use of this database takes: whoever holds this lock prunes.
const pruningLock = 7_250_413;
// A round has more than one attempt when Rancher was away; old ones must go faster than they come.
const attemptsAnExecution = 4;

/**
 * See `Store.prune`. Each bite looks only at the oldest rows, by primary key: a look through the whole history would hold
 * up the triggers that wait for the same database.
 */
export async function prune(db: Database, engine: Engine, input: Parameters<Store['prune']>[0]): Promise<number> {
  return db.transaction().execute(async (tx) => {
    if (!(await takeTurn(tx, engine))) return 0;
    const nowMs = await readNowMs(tx, engine);
    await forgetKeys(tx, input.atMost, nowMs);
    const ids = await oldestToGo(tx, input, nowMs);
    if (ids.length === 0) return 0;
    await tx.deleteFrom('items').where('execution_id', 'in', ids).execute();
    await tx.deleteFrom('callbacks').where('execution_id', 'in', ids).execute();
    await tx.deleteFrom('executions').where('id', 'in', ids).execute();
    await forgetChanges(tx, input.atMost, nowMs);
    return ids.length;
  });
}

/** Replicas that share the database prune one at a time; a SQLite file has one process anyway. */
async function takeTurn(tx: Tx, engine: Engine): Promise<boolean> {
  if (engine.name === 'sqlite') return true;
  const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_xact_lock(${pruningLock}) as mine`.execute(tx);
  return rows[0]?.mine === true;
}

async function oldestToGo(
  tx: Tx,
  { olderThanMs, keep, atMost }: Parameters<Store['prune']>[0],
  nowMs: number,
): Promise<readonly string[]> {
  const newest = await tx.selectFrom('executions').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  // Numbers have gaps where an acceptance was rolled back, so it may keep fewer; to count would be to read them all.
  const beyondCount = (newest?.seq ?? 0) - keep;
  const oldest = await tx
    .selectFrom('executions')
    .select(['id', 'seq', 'finished_at'])
    .where('state', '=', 'finished')
    .orderBy('seq')
    .limit(atMost)
    .execute();
  return oldest
    .filter(({ seq, finished_at }) => seq <= beyondCount || (finished_at ?? nowMs) < nowMs - olderThanMs)
    .map(({ id }) => id);
}

async function forgetKeys(tx: Tx, atMost: number, nowMs: number): Promise<void> {
  await tx
    .deleteFrom('seen_keys')
    .where('hash', 'in', (keys) =>
      keys.selectFrom('seen_keys').select('hash').where('expires_at', '<', nowMs).orderBy('expires_at').limit(atMost),
    )
    .where('expires_at', '<', nowMs)
    .execute();
}

/** What is older than the oldest execution that is left belongs to none. Change ids are in the order of their making. */
async function forgetChanges(tx: Tx, atMost: number, nowMs: number): Promise<void> {
  const oldest = await tx.selectFrom('executions').select('accepted_at').orderBy('seq').limit(1).executeTakeFirst();
  const beforeMs = oldest?.accepted_at ?? nowMs;
  await tx
    .deleteFrom('attempts')
    .where('seq', 'in', (attempts) =>
      attempts
        .selectFrom('attempts')
        .select('seq')
        .orderBy('seq')
        .limit(atMost * attemptsAnExecution),
    )
    .where('at', '<', beforeMs)
    .execute();
  await tx
    .deleteFrom('changes')
    .where('id', 'in', (changes) =>
      changes
        .selectFrom('changes')
        .select('id')
        .where('state', 'not in', ['sending', 'following'])
        .orderBy('id')
        .limit(atMost * attemptsAnExecution),
    )
    .where('created_at', '<', beforeMs)
    .execute();
}
