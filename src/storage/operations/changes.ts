import { sql } from 'kysely';
import type { Engine, Tx } from '../engine.ts';
import type { FinishedExecution, FollowedStep, ItemEnd, NewAttempt } from '../rounds.ts';
import type { ChangesTable, LanesTable } from '../tables.ts';
import { endItems, endItemsAlike } from './ends.ts';
import { readKeptLateWrites, type KeptChange, type KeptLateWrite } from './late-writes.ts';

/** What a step did: executions that ended with it, and what is to be noted on the lane. */
export interface Stepped {
  readonly finished: readonly FinishedExecution[];
  readonly lane?: LanePatch;
}

export type LanePatch = Partial<
  Pick<LanesTable, 'latest_change' | 'last_effective_at' | 'doubt_change' | 'doubt_until'>
>;

/** Ends a change with its items, or lets it be followed. */
export async function progressChange(
  tx: Tx,
  engine: Engine,
  { changeId, target, end }: Pick<FollowedStep, 'changeId' | 'target' | 'end'>,
  nowMs: number,
): Promise<Stepped> {
  if (end.kind === 'following') {
    await tx
      .updateTable('changes')
      .set({
        state: 'following',
        holder: null,
        lease_until: null,
        next_attempt_at: nowMs + end.afterMs,
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
    return { finished: [], lane: { last_effective_at: nowMs } };
  }
  const closed = await setState(tx, changeId, end.state);
  const latest = end.latest === undefined ? closed : { ...closed, body: end.latest };
  const lane: LanePatch = {
    ...(end.state === 'done' || end.latest !== undefined ? { latest_change: JSON.stringify(latest) } : {}),
    ...(end.state === 'done' ? { last_effective_at: nowMs } : {}),
    ...(end.lateWriteForMs === undefined
      ? {}
      : await lateWriteNoted(tx, target, { ...closed, untilMs: nowMs + end.lateWriteForMs }, nowMs)),
  };
  return { finished: await endItemsOf(tx, engine, changeId, end, nowMs), lane };
}

async function endItemsOf(
  tx: Tx,
  engine: Engine,
  changeId: string,
  end: Extract<FollowedStep['end'], { readonly kind: 'ended' }>,
  nowMs: number,
): Promise<readonly FinishedExecution[]> {
  if (end.items === undefined) return endItemsAlike(tx, engine, changeId, end, nowMs);
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
  return endItems(tx, engine, ended, nowMs);
}

/** Answers the change as lanes keep it: driver and body, to recognise a late write by. */
export async function setState(tx: Tx, changeId: string, state: ChangesTable['state']): Promise<KeptChange> {
  const { driver, body } = await tx
    .updateTable('changes')
    .set({ state })
    .where('id', '=', changeId)
    .returning(['driver', 'body'])
    .executeTakeFirstOrThrow();
  return { driver, body: JSON.parse(body) as unknown };
}

/** Several writes may be late at once: each is watched for until its own time is over. */
async function lateWriteNoted(tx: Tx, target: string, late: KeptLateWrite, nowMs: number): Promise<LanePatch> {
  const lane = await tx.selectFrom('lanes').select('doubt_change').where('target', '=', target).executeTakeFirst();
  const all = [...readKeptLateWrites(lane?.doubt_change ?? null, nowMs), late];
  return { doubt_change: JSON.stringify(all), doubt_until: Math.max(...all.map(({ untilMs }) => untilMs)) };
}

export async function addAttempt(
  tx: Tx,
  target: string,
  changeId: string | null,
  attempt: NewAttempt,
  nowMs: number,
): Promise<void> {
  await tx
    .insertInto('attempts')
    .values({ target, change_id: changeId, at: nowMs, result: attempt.result, code: attempt.code ?? null })
    .execute();
}

/** Notes on a lane what a step of somebody who does not hold it left there. */
export async function patchLane(tx: Tx, target: string, patch: LanePatch): Promise<void> {
  if (Object.keys(patch).length > 0) await tx.updateTable('lanes').set(patch).where('target', '=', target).execute();
}
