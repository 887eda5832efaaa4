import { sql } from 'kysely';
import type { Database, Engine, Tx } from '../engine.ts';
import { announceFinished } from './announce.ts';
import { addAttempt, progressChange, setState, type LanePatch, type Stepped } from './changes.ts';
import { DecidedMeanwhile, endItems } from './ends.ts';
import { givenRows, type GivenColumns } from './given-rows.ts';
import type { ChangeToClose, Committed, RoundToCommit } from '../rounds.ts';
import type { Store } from '../store.ts';
import type { ItemsTable } from '../tables.ts';

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
    .values({
      id: changeId,
      target,
      driver,
      body: JSON.stringify(body),
      state: 'sending',
      created_at: nowMs,
      sent_again: 0,
    })
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
      .set({ doubt_until: nowMs + input.doubtMs, ...(input.isSentAgain ? { sent_again: 1 } : {}) })
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
      const next = change === undefined ? await leaveLane(tx, engine, target, lane, nowMs) : 'more';
      return { kind: 'committed', finished, next };
    });
  } catch (error) {
    if (error instanceof DecidedMeanwhile) return { kind: 'lane-lost' };
    throw error;
  }
}

/**
 * Notes what a step left on the lane and says what is next on it. Where nothing is, the lane is given up: another replica need not
 * wait for its lease. Nobody else can have a SQLite file.
 */
async function leaveLane(
  tx: Tx,
  engine: Engine,
  target: string,
  patch: LanePatch,
  nowMs: number,
): Promise<'more' | 'watch' | 'rest'> {
  const isMore = sql<number>`case when exists (select 1 from items where items.target = lanes.target and items.state = 'waiting')
    or exists (select 1 from changes where changes.target = lanes.target and changes.state = 'sending') then 1 else 0 end`;
  const doubtUntil = patch.doubt_until === undefined ? sql`doubt_until` : sql`${patch.doubt_until}`;
  const leaseUntil = sql<number>`case when ${isMore} = 1 or ${doubtUntil} > ${nowMs} then lease_until else ${nowMs} end`;
  const left = await tx
    .updateTable('lanes')
    .set({ ...patch, lease_until: engine.name === 'postgres' ? leaseUntil : sql<number>`lease_until` })
    .where('target', '=', target)
    .returning([isMore.as('is_more'), 'doubt_until'])
    .executeTakeFirstOrThrow();
  if (left.is_more === 1) return 'more';
  return (left.doubt_until ?? 0) > nowMs ? 'watch' : 'rest';
}
