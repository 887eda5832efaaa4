import { sql } from 'kysely';
import {
  flushed,
  inOneGo,
  together,
  type Asked,
  type Database,
  type Engine,
  type Transact,
  type Tx,
} from '../engine.ts';
import { announceFinished } from './announce.ts';
import { addAttempt, nothingEnds, progressChange, setState, type Stepped } from './changes.ts';
import { closeTold } from './close-told.ts';
import { DecidedMeanwhile, endItems } from './ends.ts';
import { statement } from '../statement.ts';
import { forUpdate, isHeld, leaveLane, type OnLane } from './holding.ts';
import { asParameter, givenRows, type GivenColumns } from './given-rows.ts';
import { NotKept, type ChangeToClose, type Committed, type RoundToCommit } from '../rounds.ts';
import type { Store } from '../store.ts';
import type { ChangesTable, ItemsTable } from '../tables.ts';

/** See `Store.commitRound`. */
export async function commitRound(db: Database, engine: Engine, round: RoundToCommit): Promise<Committed> {
  const { target, epoch, change, attempt, ended, once } = round;
  // Whatever goes wrong before anybody waits for it: a rejection that nobody handles ends the process.
  once?.catch(() => undefined);
  const work = async (tx: Tx): Promise<Stepped> => {
    if (attempt !== undefined) await addAttempt(tx, engine, { target, changeId: null, attempt });
    return { ending: endItems(tx, engine, ended), lane: {} };
  };
  if (change !== undefined && attempt === undefined && ended.length === 0) {
    const isBegun = await inOneGo(db, engine, flushed, async (tx) => {
      if (once !== undefined) await limitKeeping(tx, engine);
      const asked = await beginChange(tx, engine, { target, epoch, change });
      await wanted(once, asked);
      return asked;
    });
    return isBegun ? { kind: 'committed', finished: [], next: 'more' } : { kind: 'lane-lost' };
  }
  await wanted(once);
  if (change === undefined) return asHolder(db, engine, round, { work });
  const begin = (tx: Tx) => beginChange(tx, engine, { target, epoch, change });
  return asHolder(db, engine, round, { work, hold: async (tx) => (await begin(tx)).answer });
}

/** Waits for a condition, unless what was `asked` before it fails. */
async function wanted(once: Promise<unknown> | undefined, asked?: Asked<unknown>): Promise<void> {
  if (once === undefined) return;
  const verdict = once.catch((cause: unknown) => {
    throw new NotKept('what was made ready is not wanted', { cause });
  });
  await Promise.race([verdict, asked?.answer.then(() => verdict) ?? verdict]);
}

/** A replica that is stopped while it keeps something ready must not keep the lane's row from all others for as long as other transactions may. */
async function limitKeeping(tx: Tx, { name }: Engine): Promise<void> {
  if (name === 'postgres') await sql`set local idle_in_transaction_session_timeout = '500ms'`.execute(tx);
}

/**
 * Begins a change with all of its items, and tells whether it did: where the lane is somebody else's by now, or an item was decided
 * meanwhile, nothing is done.
 */
async function beginChange(
  tx: Tx,
  engine: Engine,
  { target, epoch, change }: Required<Pick<RoundToCommit, 'target' | 'epoch' | 'change'>>,
): Promise<Asked<boolean>> {
  const { changeId, driver, body, items } = change;
  const count = items.length;
  const given = items.map(({ itemId, message, from, to }) => ({
    id: itemId,
    message,
    scale_from: from ?? null,
    scale_to: to ?? null,
  }));
  const lane = { target, epoch };
  const begun =
    count === 0 ? undefined : await beginItems.ask(tx, engine, { ...lane, changeId, count, items: asParameter(given) });
  const inserted = await insertChange.ask(tx, engine, {
    ...lane,
    id: changeId,
    count,
    driver,
    body: JSON.stringify(body),
  });
  return { answer: together([inserted.answer, begun?.answer]).then(([{ rows }]) => rows.length > 0) };
}

type BegunRow = Pick<ItemsTable, 'id' | 'message' | 'scale_from' | 'scale_to'>;

const begunColumns: GivenColumns<BegunRow> = { id: 'text', message: 'text', scale_from: 'whole', scale_to: 'whole' };

// All or none: the items are counted once they are locked, and found by their ids alone.
const beginItems = statement(
  (
    { target, epoch, changeId, count, items }: { changeId: string; count: number; items: string } & OnLane,
    { engine },
  ) => sql`
    with held as (select epoch from lanes where target = ${target} and epoch = ${epoch} ${forUpdate(engine, 'lanes')}),
      found as (
        select given.*, items.state from ${givenRows(engine, begunColumns, items)} join items on items.id = given.id
        ${forUpdate(engine, 'items')})
    update items set state = 'under-way', change_id = ${changeId}, message = found.message,
      scale_from = found.scale_from, scale_to = found.scale_to
    from found
    where items.id = found.id and exists (select 1 from held)
      and (select count(*) from found where state = 'waiting') = ${count}`,
);

const insertChange = statement(
  (
    {
      id,
      target,
      epoch,
      count,
      driver,
      body,
    }: Pick<ChangesTable, 'id' | 'driver' | 'body'> & { count: number } & OnLane,
    { engine },
  ) => sql<Pick<ChangesTable, 'id'>>`
    insert into changes (id, target, driver, body, state, created_at, sent_again)
    select ${id}, target, ${driver}, ${body}, 'sending', ${engine.nowMs}, 0 from lanes
    where target = ${target} and epoch = ${epoch}
      and (${count} = 0 or exists (select 1 from items where change_id = ${id} and state = 'under-way'))
    ${forUpdate(engine, 'lanes')}
    returning id`,
);

/** See `Store.markDoubt`. */
export async function markDoubt(
  db: Database,
  engine: Engine,
  input: Parameters<Store['markDoubt']>[0],
): Promise<Committed> {
  const work = async (tx: Tx): Promise<Stepped> => {
    await tx
      .updateTable('changes')
      .set({
        doubt_until: sql<number>`${engine.nowMs} + ${input.doubtMs}`,
        ...(input.isSentAgain ? { sent_again: 1 } : {}),
      })
      .where('id', '=', input.changeId)
      .execute();
    const { target, changeId, attempt } = input;
    await addAttempt(tx, engine, { target, changeId, attempt });
    return { ending: nothingEnds, lane: {} };
  };
  return asHolder(db, engine, input, { work });
}

/** See `Store.closeChange`. */
export async function closeChange(db: Database, engine: Engine, close: ChangeToClose): Promise<Committed> {
  // The callers of a done change are answered before this, and a crash before it finds the change as it stands in Rancher: nothing
  // is lost with its commit but the time to look, and the next trigger need not wait for the disk.
  const isFoundOutAnew = close.end.kind === 'ended' && close.end.state === 'done' && close.end.items === undefined;
  if (isFoundOutAnew && close.isTold === true && isPlainlyScaled(close.end)) return closeTold(db, engine, close);
  const work = async (tx: Tx): Promise<Stepped> => {
    const { changeId, end, target, attempt } = close;
    await addAttempt(tx, engine, { target, changeId, attempt });
    if (end.kind === 'dropped') {
      await setState(tx, engine, { changeId, state: 'dropped' });
      await tx
        .updateTable('items')
        .set({
          state: 'waiting',
          change_id: null,
          message: '',
          scale_from: null,
          scale_to: null,
          ...(end.applied === 'unknown' ? { maybe_sent: 1 } : {}),
        })
        .where('change_id', '=', changeId)
        .where('state', '=', sql.lit('under-way'))
        .execute();
      return { ending: nothingEnds, lane: {} };
    }
    const { ending, lane } = await progressChange(tx, engine, { changeId, target, end });
    // Cooldowns count from here: a machine that is looked after for minutes would else keep every other trigger away.
    const isEffective = end.kind === 'following' || end.state === 'done';
    return { ending, lane: { ...lane, isEffective } };
  };
  return asHolder(db, engine, close, { work, ...(isFoundOutAnew ? { transact: engine.soon } : {}) });
}

/** An end that leaves nothing to say but what was decided. */
function isPlainlyScaled(end: Extract<ChangeToClose['end'], { readonly kind: 'ended' }>): boolean {
  const { outcome, message, code, applied, lateWriteForMs } = end;
  return outcome === 'scaled' && [message, code, applied, lateWriteForMs].every((more) => more === undefined);
}

interface AsHolder {
  /** Locks the lane, and tells whether it is still the caller's; absent: looks, and does nothing else. */
  readonly hold?: (tx: Tx) => Promise<boolean>;
  /** Asked together with `hold`; undone where the lane is somebody else's. */
  readonly work: (tx: Tx) => Promise<Stepped>;
  readonly transact?: Transact;
}

/** The lane is somebody else's by now: nothing of the transaction stands. */
class LaneLost extends Error {}

/** Runs `work` only while the lane is still the caller's, by epoch. */
async function asHolder(
  db: Database,
  engine: Engine,
  { target, epoch, change }: Pick<RoundToCommit, 'target' | 'epoch' | 'change'>,
  { hold = (tx) => isHeld(tx, engine, { target, epoch }), work, transact = flushed }: AsHolder,
): Promise<Committed> {
  const step = async (tx: Tx) => {
    const { ending, lane } = await work(tx);
    // A change that was just begun is what comes next.
    const next = change === undefined ? leaveLane(tx, engine, { target, epoch, patch: lane }) : ('more' as const);
    return together([ending, next]);
  };
  try {
    return await transact(db, async (tx): Promise<Committed> => {
      const [isStillHeld, [finished, next]] = await together([hold(tx), step(tx)]);
      if (!isStillHeld || next === undefined) throw new LaneLost();
      await announceFinished(
        tx,
        engine,
        finished.map(({ executionId }) => executionId),
      );
      return { kind: 'committed', finished, next };
    });
  } catch (error) {
    if (error instanceof LaneLost || error instanceof DecidedMeanwhile) return { kind: 'lane-lost' };
    throw error;
  }
}
