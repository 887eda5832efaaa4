import { sql } from 'kysely';
import type { Database, Engine, Tx } from '../engine.ts';
import { readNowMs } from '../engine.ts';
import { announce } from './announce.ts';
import { openRoundIn } from './lanes.ts';
import type { Acceptance, NewExecution, SeenKey } from '../store.ts';

/** Stores a batch of triggers in one commit: a storm pays for one disk flush, not for one each. */
export async function accept(
  db: Database,
  engine: Engine,
  executions: readonly NewExecution[],
): Promise<readonly Acceptance[]> {
  return db.transaction().execute(async (tx) => {
    const nowMs = await readNowMs(tx, engine);
    const acceptances: Acceptance[] = [];
    for (const execution of executions) acceptances.push(await acceptOne(tx, execution, nowMs));
    for (const [index, { targets, open }] of executions.entries()) {
      if (acceptances[index]?.kind !== 'accepted' || open !== undefined) continue;
      for (const target of targets) await announce(tx, engine, { waiting: target });
    }
    // Rounds are opened last, so that they see everything this batch brought.
    for (const [index, { open }] of executions.entries()) {
      if (open === undefined || acceptances[index]?.kind !== 'accepted') continue;
      const opened = await openRoundIn(tx, engine, open);
      acceptances[index] = { kind: 'accepted', opened };
      if (opened.kind === 'elsewhere') await announce(tx, engine, { waiting: open.target });
    }
    return acceptances;
  });
}

async function acceptOne(tx: Tx, execution: NewExecution, nowMs: number): Promise<Acceptance> {
  for (const key of execution.seenKeys) {
    const earlier = await claimKey(tx, execution, key, nowMs);
    if (earlier !== undefined) return earlier;
  }
  for (const target of execution.targets) {
    if (await isFull(tx, target, execution.laneLimit)) {
      await tx.deleteFrom('seen_keys').where('execution_id', '=', execution.id).execute();
      return { kind: 'lane-full' };
    }
  }
  const isIgnored = execution.targets.length === 0;
  const { seq } = await tx
    .insertInto('executions')
    .values({
      id: execution.id,
      project_id: execution.projectId,
      receiver_id: execution.receiverId,
      receiver_name: execution.receiverName,
      driver: execution.driver,
      format: execution.format,
      config: JSON.stringify(execution.config),
      signal: JSON.stringify(execution.signal),
      state: isIgnored ? 'finished' : 'waiting',
      outcome: isIgnored ? 'ignored' : null,
      message: isIgnored ? execution.signal.reason : '',
      accepted_at: nowMs,
      item_count: execution.targets.length,
      send_before: nowMs + execution.sendWithinMs,
      finished_at: isIgnored ? nowMs : null,
      kept_body: isIgnored ? null : (execution.keptBody ?? null),
    })
    .returning('seq')
    .executeTakeFirstOrThrow();
  if (!isIgnored) {
    if (execution.callback !== undefined) {
      const { id, callback } = execution;
      await tx.insertInto('callbacks').values({ execution_id: id, destination: callback, attempts: 0 }).execute();
    }
    await tx
      .insertInto('items')
      .values(
        execution.targets.map((target, index) => ({
          id: `${execution.id}.${String(index)}`,
          execution_id: execution.id,
          seq,
          target,
          state: 'waiting' as const,
          message: '',
        })),
      )
      .execute();
  }
  return { kind: 'accepted' };
}

/** Writes the key down as this execution's, unless it is another's and still lives. */
async function claimKey(tx: Tx, execution: NewExecution, key: SeenKey, nowMs: number): Promise<Acceptance | undefined> {
  const row = {
    receiver_id: execution.receiverId,
    kind: key.kind,
    hash: key.hash,
    body_hash: key.bodyHash,
    execution_id: execution.id,
    expires_at: nowMs + key.livesForMs,
  };
  const claimed = await tx
    .insertInto('seen_keys')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['receiver_id', 'kind', 'hash'])
        .doUpdateSet({ body_hash: row.body_hash, execution_id: row.execution_id, expires_at: row.expires_at })
        .where('seen_keys.expires_at', '<=', nowMs),
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
  // What this execution claimed before is given back with it: nothing half-stored.
  await tx.deleteFrom('seen_keys').where('execution_id', '=', execution.id).execute();
  if (key.kind === 'signature') return { kind: 'replayed' };
  if (key.kind === 'request' && earlier.body_hash !== key.bodyHash) return { kind: 'request-key-reused' };
  return { kind: 'duplicate', executionId: earlier.execution_id };
}

async function isFull(tx: Tx, target: string, laneLimit: number): Promise<boolean> {
  const beyond = await tx
    .selectFrom('items')
    .select('seq')
    .where('target', '=', target)
    .where('state', '=', sql.lit('waiting'))
    .orderBy('seq')
    .limit(1)
    .offset(laneLimit - 1)
    .executeTakeFirst();
  return beyond !== undefined;
}
