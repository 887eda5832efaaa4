import { sql } from 'kysely';
import type { Database, Engine, Tx } from '../engine.ts';
import { announceFinished } from './announce.ts';
import { DecidedMeanwhile, endItems } from './ends.ts';
import { givenRows, type GivenColumns } from './given-rows.ts';
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
import type { ChangesTable, ItemsTable, LanesTable } from '../tables.ts';
import { readKeptLateWrites, type KeptChange, type KeptLateWrite } from './late-writes.ts';

/** See `Store.commitRound`. */
export async function commitRound(db: Database, engine: Engine, round: RoundToCommit): Promise<Committed> {
  return asHolder(db, engine, round, async (tx, nowMs) => {
    const { target, change } = round;
    if (round.attempt !== undefined) await addAttempt(tx, target, null, round.attempt, nowMs);
    if (change !== undefined) await beginChange(tx, engine, target, change, nowMs);
    return { finished: await endItems(tx, engine, round.ended, nowMs) };
  });
}

const begunColumns: GivenColumns<BegunRow> = { id: 'text', message: 'text', scale_from: 'whole', scale_to: 'whole' };

type BegunRow = Pick<ItemsTable, 'id' | 'message' | 'scale_from' | 'scale_to'>;

async function beginChange(
  tx: Tx,
  engine: Engine,
  target: string,
  { changeId, driver, body, items }: NonNullable<RoundToCommit['change']>,
  nowMs: number,
): Promise<void> {
  await tx
    .insertInto('changes')
    .values({ id: changeId, target, driver, body: JSON.stringify(body), state: 'sending', created_at: nowMs })
    .execute();
  if (items.length === 0) return;
  const given = items.map(({ itemId, message, from, to }) => ({
    id: itemId,
    message,
    scale_from: from ?? null,
    scale_to: to ?? null,
  }));
  const { numAffectedRows } = await sql`
    update items set state = 'under-way', change_id = ${changeId}, message = given.message,
      scale_from = given.scale_from, scale_to = given.scale_to
    from ${givenRows(engine, begunColumns, given)}
    where items.id = given.id and items.state = 'waiting'`.execute(tx);
  if (numAffectedRows !== BigInt(items.length)) throw new DecidedMeanwhile();
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
    return { finished: [] };
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
      return { finished: [] };
    }
    return progressChange(tx, engine, { changeId, target, end }, nowMs);
  });
}

/** What a step did: executions that ended with it, and what is to be noted on the lane. */
export interface Stepped {
  readonly finished: readonly FinishedExecution[];
  readonly lane?: LanePatch;
}

type LanePatch = Partial<Pick<LanesTable, 'latest_change' | 'last_effective_at' | 'doubt_change' | 'doubt_until'>>;

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
  return endItems(tx, engine, ended, nowMs);
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
async function lateWriteNoted(tx: Tx, target: string, late: KeptLateWrite, nowMs: number): Promise<LanePatch> {
  const lane = await tx.selectFrom('lanes').select('doubt_change').where('target', '=', target).executeTakeFirst();
  const all = [...readKeptLateWrites(lane?.doubt_change ?? null, nowMs), late];
  return { doubt_change: JSON.stringify(all), doubt_until: Math.max(...all.map(({ untilMs }) => untilMs)) };
}

/** Runs `work` only while the lane is still the caller's, by epoch. */
async function asHolder(
  db: Database,
  engine: Engine,
  { target, epoch, change }: Pick<RoundToCommit, 'target' | 'epoch' | 'change'>,
  work: (tx: Tx, nowMs: number) => Promise<Stepped>,
): Promise<Committed> {
  try {
    return await db.transaction().execute(async (tx): Promise<Committed> => {
      let mine = tx
        .selectFrom('lanes')
        .select(engine.nowMs.as('now'))
        .where('target', '=', target)
        .where('epoch', '=', epoch);
      if (engine.name === 'postgres') mine = mine.forUpdate();
      const held = await mine.executeTakeFirst();
      if (held === undefined) return { kind: 'lane-lost' };
      const nowMs = held.now;
      const { finished, lane = {} } = await work(tx, nowMs);
      await announceFinished(
        tx,
        engine,
        finished.map(({ executionId }) => executionId),
      );
      // A change that was just begun is what comes next.
      const next = change === undefined ? await whatIsNext(tx, target, lane.doubt_until ?? null, nowMs) : 'more';
      // Another replica need not wait for the lease of a lane on which nothing is left to do; nobody else can have a SQLite file.
      const isGivenUp = next === 'rest' && engine.name === 'postgres';
      await patchLane(tx, target, { ...lane, ...(isGivenUp ? { lease_until: nowMs } : {}) });
      return { kind: 'committed', finished, next };
    });
  } catch (error) {
    if (error instanceof DecidedMeanwhile) return { kind: 'lane-lost' };
    throw error;
  }
}

/** Notes something on a lane; nothing when there is nothing to note. */
export async function patchLane(
  tx: Tx,
  target: string,
  patch: LanePatch & Partial<Pick<LanesTable, 'lease_until'>>,
): Promise<void> {
  if (Object.keys(patch).length > 0) await tx.updateTable('lanes').set(patch).where('target', '=', target).execute();
}

async function whatIsNext(
  tx: Tx,
  target: string,
  /** What is about to be noted on the lane. */
  doubtUntilMs: number | null,
  nowMs: number,
): Promise<'more' | 'watch' | 'rest'> {
  const unfinished = await sql<{ what: 'more' | 'watch' }>`
    select 'more' as what where exists (select 1 from items where target = ${target} and state = 'waiting')
      or exists (select 1 from changes where target = ${target} and state = 'sending')
    union all
    select 'watch' from lanes where target = ${target} and doubt_until > ${nowMs}`.execute(tx);
  const what = unfinished.rows.map((row) => row.what);
  if (what.includes('more')) return 'more';
  return what.includes('watch') || (doubtUntilMs ?? 0) > nowMs ? 'watch' : 'rest';
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
