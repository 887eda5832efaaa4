import { sql } from 'kysely';
import type { Engine, Tx } from '../engine.ts';
import type { Acceptance, NewExecution, SeenKey } from '../store.ts';

/** Writes down by what an execution is known when it is told again, and tells whether it was told before. */
export async function claimKeys(tx: Tx, engine: Engine, execution: NewExecution): Promise<Acceptance | undefined> {
  for (const key of execution.seenKeys) {
    const earlier = await claimKey(tx, engine, execution, key);
    if (earlier !== undefined) return earlier;
  }
  return undefined;
}

/** Writes the key down as this execution's, unless it is another's and still lives. */
async function claimKey(
  tx: Tx,
  { nowMs }: Engine,
  execution: NewExecution,
  key: SeenKey,
): Promise<Acceptance | undefined> {
  const row = {
    receiver_id: execution.receiverId,
    kind: key.kind,
    hash: key.hash,
    body_hash: key.bodyHash,
    execution_id: execution.id,
    expires_at: sql<number>`${nowMs} + ${key.livesForMs}`,
  };
  const claimed = await tx
    .insertInto('seen_keys')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['receiver_id', 'kind', 'hash'])
        .doUpdateSet({ body_hash: row.body_hash, execution_id: row.execution_id, expires_at: row.expires_at })
        .where((where) =>
          where.or([
            where('seen_keys.expires_at', '<=', nowMs),
            where('seen_keys.execution_id', '=', row.execution_id),
          ]),
        ),
    )
    .returning('execution_id')
    .executeTakeFirst();
  if (claimed !== undefined) return undefined;
  const earlier = await tx
    .selectFrom('seen_keys')
    .select(['execution_id', 'body_hash'])
    .where('receiver_id', '=', row.receiver_id)
    .where('kind', '=', row.kind)
    .where('hash', '=', row.hash)
    .executeTakeFirstOrThrow();
  if (key.kind === 'event' || (key.kind === 'request' && earlier.body_hash === key.bodyHash)) {
    // By what it claimed before it is known as well: told again after the event's time it would count.
    const { execution_id } = earlier;
    await tx.updateTable('seen_keys').set({ execution_id }).where('execution_id', '=', execution.id).execute();
    return { kind: 'duplicate', executionId: execution_id };
  }
  await giveKeysBack(tx, execution);
  return { kind: key.kind === 'signature' ? 'replayed' : 'request-key-reused' };
}

/** What a refused execution claimed goes with it: nothing half-stored. */
export async function giveKeysBack(tx: Tx, { id }: NewExecution): Promise<void> {
  await tx.deleteFrom('seen_keys').where('execution_id', '=', id).execute();
}
