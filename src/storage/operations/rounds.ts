import { sql } from 'kysely';
import type { Database, Engine, Tx } from '../engine.ts';
import { readNowMs } from '../engine.ts';
import { announce } from './announce.ts';
import { DecidedMeanwhile, endItems } from './ends.ts';
import type {
  ChangeToClose,
  Committed,
  FinishedExecution,
  FollowedStep,
  ItemEnd,
  NewAttempt,
  RoundToCommit,
  Store,
} from '../store.ts';
import type { ChangesTable } from '../tables.ts';
import { readKeptLateWrites, type KeptChange, type KeptLateWrite } from './late-writes.ts';

/** See `Store.commitRound`. */
export async function commitRound(db: Database, engine: Engine, round: RoundToCommit): Promise<Committed> {
  return asHolder(db, engine, round, async (tx, nowMs) => {
    const { change } = round;
    if (round.attempt !== undefined) await addAttempt(tx, round.target, null, round.attempt, nowMs);
    if (change !== undefined) {
      await tx
        .insertInto('changes')
        .values({
          id: change.changeId,
          target: round.target,
          driver: change.driver,
          body: JSON.stringify(change.body),
          state: 'sending',
          created_at: nowMs,
        })
        .execute();
      for (const item of change.items) {
        const { numUpdatedRows } = await tx
          .updateTable('items')
          .set({
            state: 'under-way',
            change_id: change.changeId,
            message: item.message,
            scale_from: item.from ?? null,
            scale_to: item.to ?? null,
          })
          .where('id', '=', item.itemId)
          .where('state', '=', sql.lit('waiting'))
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) throw new DecidedMeanwhile();
      }
    }
    return endItems(tx, round.ended, nowMs);
  });
}

/** See `Store.markDoubt`. */
export async function markDoubt(
  db: Database,
  engine: Engine,
  input: Parameters<Store['markDoubt']>[0],
): Promise<Committed> {
  return asHolder(db, engine, input, async (tx, nowMs) => {
    await tx
      .updateTable('changes')
      .set({ doubt_until: nowMs + input.doubtMs })
      .where('id', '=', input.changeId)
      .execute();
    await addAttempt(tx, input.target, input.changeId, input.attempt, nowMs);
    return [];
  });
}

/** See `Store.closeChange`. */
export async function closeChange(db: Database, engine: Engine, close: ChangeToClose): Promise<Committed> {
  return asHolder(db, engine, close, async (tx, nowMs) => {
    const { changeId, end, target } = close;
    await addAttempt(tx, target, changeId, close.attempt, nowMs);
    if (end.kind === 'dropped') {
      await setState(tx, changeId, 'dropped');
      await tx
        .updateTable('items')
        .set({ state: 'waiting', change_id: null, message: '', scale_from: null, scale_to: null })
        .where('change_id', '=', changeId)
        .where('state', '=', sql.lit('under-way'))
        .execute();
      return [];
    }
    return progressChange(tx, { changeId, target, end }, nowMs);
  });
}

/** Ends a change with its items, or lets it be followed. */
export async function progressChange(
  tx: Tx,
  { changeId, target, end }: Pick<FollowedStep, 'changeId' | 'target' | 'end'>,
  nowMs: number,
): Promise<readonly FinishedExecution[]> {
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
    await tx.updateTable('lanes').set({ last_effective_at: nowMs }).where('target', '=', target).execute();
    return [];
  }
  const closed = await setState(tx, changeId, end.state);
  if (end.state === 'done') {
    await tx
      .updateTable('lanes')
      .set({ latest_change: JSON.stringify(closed), last_effective_at: nowMs })
      .where('target', '=', target)
      .execute();
  }
  if (end.latest !== undefined) {
    const latest_change = JSON.stringify({ ...closed, body: end.latest });
    await tx.updateTable('lanes').set({ latest_change }).where('target', '=', target).execute();
  }
  if (end.lateWriteForMs !== undefined)
    await noteLateWrite(tx, target, { ...closed, untilMs: nowMs + end.lateWriteForMs }, nowMs);
  const items = await tx
    .selectFrom('items')
    .select(['id', 'message', 'scale_from', 'scale_to'])
    .where('change_id', '=', changeId)
    .where('state', '=', sql.lit('under-way'))
    .execute();
  const named = new Map((end.items ?? []).map((item) => [item.itemId, item]));
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
  return endItems(tx, ended, nowMs);
}

/** Answers the change as lanes keep it: driver and body, to recognise a late write by. */
async function setState(tx: Tx, changeId: string, state: ChangesTable['state']): Promise<KeptChange> {
  const { driver, body } = await tx
    .updateTable('changes')
    .set({ state })
    .where('id', '=', changeId)
    .returning(['driver', 'body'])
    .executeTakeFirstOrThrow();
  return { driver, body: JSON.parse(body) as unknown };
}

/** Several writes may be late at once: each is watched for until its own time is over. */
async function noteLateWrite(tx: Tx, target: string, late: KeptLateWrite, nowMs: number): Promise<void> {
  const lane = await tx.selectFrom('lanes').select('doubt_change').where('target', '=', target).executeTakeFirst();
  const all = [...readKeptLateWrites(lane?.doubt_change ?? null, nowMs), late];
  await tx
    .updateTable('lanes')
    .set({ doubt_change: JSON.stringify(all), doubt_until: Math.max(...all.map(({ untilMs }) => untilMs)) })
    .where('target', '=', target)
    .execute();
}

/** Runs `work` only while the lane is still the caller's, by epoch. */
async function asHolder(
  db: Database,
  engine: Engine,
  { target, epoch }: { readonly target: string; readonly epoch: number },
  work: (tx: Tx, nowMs: number) => Promise<readonly FinishedExecution[]>,
): Promise<Committed> {
  try {
    return await db.transaction().execute(async (tx): Promise<Committed> => {
      let held = tx.selectFrom('lanes').select('epoch').where('target', '=', target).where('epoch', '=', epoch);
      if (engine.name === 'postgres') held = held.forUpdate();
      if ((await held.executeTakeFirst()) === undefined) return { kind: 'lane-lost' };
      const nowMs = await readNowMs(tx, engine);
      const finished = await work(tx, nowMs);
      await announce(tx, engine, { finished: finished.map(({ executionId }) => executionId) });
      return { kind: 'committed', finished, next: await whatIsNext(tx, engine, target, nowMs) };
    });
  } catch (error) {
    if (error instanceof DecidedMeanwhile) return { kind: 'lane-lost' };
    throw error;
  }
}

async function whatIsNext(tx: Tx, engine: Engine, target: string, nowMs: number): Promise<'more' | 'watch' | 'rest'> {
  const unfinished = await sql<{ what: string }>`
    select 'more' as what where exists (select 1 from items where target = ${target} and state = 'waiting')
      or exists (select 1 from changes where target = ${target} and state = 'sending')
    union all
    select 'watch' from lanes where target = ${target} and doubt_until > ${nowMs}`.execute(tx);
  const what = unfinished.rows.map((row) => row.what);
  if (what.includes('more')) return 'more';
  if (what.includes('watch')) return 'watch';
  // Another replica need not wait for the lease to run out. Nobody else can have a SQLite file.
  if (engine.name === 'postgres')
    await tx.updateTable('lanes').set({ lease_until: nowMs }).where('target', '=', target).execute();
  return 'rest';
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
