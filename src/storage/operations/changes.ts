import { sql } from 'kysely';
import { readNowMs, type Engine, type Tx } from '../engine.ts';
import { statement } from '../statement.ts';
import type { FinishedExecution, FollowedStep, ItemEnd, NewAttempt } from '../rounds.ts';
import type { AttemptsTable, ChangesTable } from '../tables.ts';
import { endItems, endItemsAlike } from './ends.ts';
import type { LanePatch } from './lane-patch.ts';
import { readKeptLateWrites, type KeptChange, type KeptLateWrite } from './late-writes.ts';

/** What a step does: executions that end with it, once that is answered, and what is to be noted on the lane. */
export interface Stepped {
  readonly ending: Promise<readonly FinishedExecution[]>;
  readonly lane: LanePatch;
}

export const nothingEnds: Promise<readonly FinishedExecution[]> = Promise.resolve([]);

/** Ends a change with its items, or lets it be followed. */
export async function progressChange(
  tx: Tx,
  engine: Engine,
  { changeId, target, end }: Pick<FollowedStep, 'changeId' | 'target' | 'end'>,
): Promise<Stepped> {
  if (end.kind === 'following') {
    await tx
      .updateTable('changes')
      .set({
        state: 'following',
        holder: null,
        lease_until: null,
        next_attempt_at: sql<number>`${engine.nowMs} + ${end.afterMs}`,
        ...(end.body === undefined ? {} : { body: JSON.stringify(end.body) }),
      })
      .where('id', '=', changeId)
      .execute();
    await tx
      .updateTable('items')
      .set({ message: end.message })
      .where('change_id', '=', changeId)
      .where('state', '=', sql.lit('under-way'))
      .execute();
    return { ending: nothingEnds, lane: {} };
  }
  await setState(tx, engine, { changeId, state: end.state });
  const { latest, lateWriteForMs } = end;
  const isKept = latest !== undefined || lateWriteForMs !== undefined;
  const kept = isKept ? await readKept(tx, changeId) : undefined;
  const lane: LanePatch = {
    ...(end.state === 'done' ? { latestChangeId: changeId } : {}),
    // What somebody else put in its place is what late writes are recognised against.
    ...(kept === undefined || latest === undefined ? {} : { latest_change: JSON.stringify({ ...kept, body: latest }) }),
    ...(kept === undefined || lateWriteForMs === undefined
      ? {}
      : await lateWriteNoted(tx, engine, { target, kept, forMs: lateWriteForMs })),
  };
  return { ending: endItemsOf(tx, engine, changeId, end), lane };
}

async function endItemsOf(
  tx: Tx,
  engine: Engine,
  changeId: string,
  end: Extract<FollowedStep['end'], { readonly kind: 'ended' }>,
): Promise<readonly FinishedExecution[]> {
  if (end.items === undefined) return endItemsAlike(tx, engine, changeId, end);
  const items = await tx
    .selectFrom('items')
    .select(['id', 'message', 'scale_from', 'scale_to'])
    .where('change_id', '=', changeId)
    .where('state', '=', sql.lit('under-way'))
    .execute();
  const named = new Map(end.items.map((item) => [item.itemId, item]));
  const ended = items.map(({ id, message, scale_from, scale_to }): ItemEnd => {
    return {
      itemId: id,
      outcome: end.outcome,
      message: end.message ?? message,
      ...(scale_from === null ? {} : { from: scale_from }),
      ...(scale_to === null ? {} : { to: scale_to }),
      ...(end.code === undefined ? {} : { code: end.code }),
      ...(end.applied === undefined ? {} : { applied: end.applied }),
      ...named.get(id),
    };
  });
  return endItems(tx, engine, ended);
}

export const setState = statement(({ changeId, state }: { changeId: string; state: ChangesTable['state'] }, { tx }) =>
  tx.updateTable('changes').set({ state }).where('id', '=', changeId),
);

async function readKept(tx: Tx, changeId: string): Promise<KeptChange> {
  const { driver, body } = await tx
    .selectFrom('changes')
    .select(['driver', 'body'])
    .where('id', '=', changeId)
    .executeTakeFirstOrThrow();
  return { driver, body: JSON.parse(body) as unknown };
}

/** Several writes may be late at once: each is watched for until its own time is over. */
async function lateWriteNoted(
  tx: Tx,
  engine: Engine,
  { target, kept, forMs }: { readonly target: string; readonly kept: KeptChange; readonly forMs: number },
): Promise<LanePatch> {
  const nowMs = await readNowMs(tx, engine);
  const late: KeptLateWrite = { ...kept, untilMs: nowMs + forMs };
  const lane = await tx.selectFrom('lanes').select('doubt_change').where('target', '=', target).executeTakeFirst();
  const all = [...readKeptLateWrites(lane?.doubt_change ?? null, nowMs), late];
  return { doubt_change: JSON.stringify(all), doubt_until: Math.max(...all.map(({ untilMs }) => untilMs)) };
}

export async function addAttempt(tx: Tx, engine: Engine, { target, changeId, attempt }: AttemptOf): Promise<void> {
  const { result, code = null } = attempt;
  await insertAttempt(tx, engine, { target, change_id: changeId, result, code });
}

interface AttemptOf {
  readonly target: string;
  /** Null when the target could not even be read. */
  readonly changeId: string | null;
  readonly attempt: NewAttempt;
}

const insertAttempt = statement((row: Omit<AttemptsTable, 'seq' | 'at'>, { tx, engine }) => {
  const { target, change_id, result, code } = row;
  return tx.insertInto('attempts').values({ target, change_id, at: engine.nowMs, result, code });
});
