import { sql } from 'kysely';
import { flushed, type Database, type Engine, type Transact, type Tx } from '../engine.ts';
import { announceFinished } from './announce.ts';
import { addAttempt, progressChange, setState, type Stepped } from './changes.ts';
import { asPatched, patchedColumns, type LanePatch, type PatchValues } from './lane-patch.ts';
import { DecidedMeanwhile, endItems } from './ends.ts';
import { statement } from '../statement.ts';
import { asParameter, givenRows, type GivenColumns } from './given-rows.ts';
import type { ChangeToClose, Committed, RoundToCommit } from '../rounds.ts';
import type { Store } from '../store.ts';
import type { ChangesTable, ItemsTable } from '../tables.ts';

/** See `Store.commitRound`. */
export async function commitRound(db: Database, engine: Engine, round: RoundToCommit): Promise<Committed> {
  const { target, change, attempt, ended } = round;
  const work = async (tx: Tx, nowMs: number): Promise<Stepped> => {
    if (attempt !== undefined) await addAttempt(tx, engine, { target, changeId: null, attempt, nowMs });
    return { finished: await endItems(tx, engine, ended, nowMs) };
  };
  if (change === undefined) return asHolder(db, engine, round, { work });
  return asHolder(db, engine, round, { work, hold: (tx) => beginChange(tx, engine, { ...round, change }) });
}

const begunColumns: GivenColumns<BegunRow> = { id: 'text', message: 'text', scale_from: 'whole', scale_to: 'whole' };

type BegunRow = Pick<ItemsTable, 'id' | 'message' | 'scale_from' | 'scale_to'>;

/** Begins a change on a lane that is still the caller's, and answers as `heldLane` does. One round trip less than to look first. */
async function beginChange(
  tx: Tx,
  engine: Engine,
  { target, epoch, change }: RoundToCommit & Required<Pick<RoundToCommit, 'change'>>,
): Promise<HeldLaneRow | undefined> {
  const { changeId, driver, body, items } = change;
  await insertChange(tx, engine, { id: changeId, target, epoch, driver, body: JSON.stringify(body) });
  if (items.length === 0) return isHeld(tx, engine, { target, epoch });
  const given = items.map(({ itemId, message, from, to }) => ({
    id: itemId,
    message,
    scale_from: from ?? null,
    scale_to: to ?? null,
  }));
  const { rows: begun } = await beginItems(tx, engine, { changeId, items: asParameter(given) });
  if (begun.length < items.length) throw new DecidedMeanwhile();
  return begun[0];
}

const insertChange = statement(
  (
    { id, target, epoch, driver, body }: Pick<ChangesTable, 'id' | 'target' | 'driver' | 'body'> & { epoch: number },
    { engine },
  ) => sql`
    insert into changes (id, target, driver, body, state, created_at, sent_again)
    select ${id}, target, ${driver}, ${body}, 'sending', ${engine.nowMs}, 0 from lanes
    where target = ${target} and epoch = ${epoch} ${forUpdate(engine)}`,
);

const beginItems = statement(
  ({ changeId, items }: { changeId: string; items: string }, { engine }) => sql<HeldLaneRow>`
    update items set state = 'under-way', change_id = ${changeId}, message = given.message,
      scale_from = given.scale_from, scale_to = given.scale_to
    from ${givenRows(engine, begunColumns, items)}
    where items.id = given.id and items.state = 'waiting' and exists (select 1 from changes where id = ${changeId})
    returning ${engine.nowMs} as now`,
);

/** See `Store.markDoubt`. */
export async function markDoubt(
  db: Database,
  engine: Engine,
  input: Parameters<Store['markDoubt']>[0],
): Promise<Committed> {
  const work = async (tx: Tx, nowMs: number): Promise<Stepped> => {
    await tx
      .updateTable('changes')
      .set({ doubt_until: nowMs + input.doubtMs, ...(input.isSentAgain ? { sent_again: 1 } : {}) })
      .where('id', '=', input.changeId)
      .execute();
    const { target, changeId, attempt } = input;
    await addAttempt(tx, engine, { target, changeId, attempt, nowMs });
    return { finished: [] };
  };
  return asHolder(db, engine, input, { work });
}

/** See `Store.closeChange`. */
export async function closeChange(db: Database, engine: Engine, close: ChangeToClose): Promise<Committed> {
  // The callers of a done change are answered before this, and a crash before it finds the change as it stands in Rancher: nothing
  // is lost with its commit but the time to look, and the next trigger need not wait for the disk.
  const isFoundOutAnew = close.end.kind === 'ended' && close.end.state === 'done' && close.end.items === undefined;
  const work = async (tx: Tx, nowMs: number): Promise<Stepped> => {
    const { changeId, end, target, attempt } = close;
    await addAttempt(tx, engine, { target, changeId, attempt, nowMs });
    if (end.kind === 'dropped') {
      await setState(tx, engine, { changeId, state: 'dropped' });
      await tx
        .updateTable('items')
        .set({ state: 'waiting', change_id: null, message: '', scale_from: null, scale_to: null })
        .where('change_id', '=', changeId)
        .where('state', '=', sql.lit('under-way'))
        .execute();
      return { finished: [] };
    }
    return progressChange(tx, engine, { changeId, target, end }, nowMs);
  };
  return asHolder(db, engine, close, { work, ...(isFoundOutAnew ? { transact: engine.soon } : {}) });
}

interface AsHolder {
  /** Locks the lane, unless it is somebody else's by now; absent: looks, and does nothing else. */
  readonly hold?: (tx: Tx) => Promise<HeldLaneRow | undefined>;
  readonly work: (tx: Tx, nowMs: number) => Promise<Stepped>;
  readonly transact?: Transact;
}

/** Runs `work` only while the lane is still the caller's, by epoch. */
async function asHolder(
  db: Database,
  engine: Engine,
  { target, epoch, change }: Pick<RoundToCommit, 'target' | 'epoch' | 'change'>,
  { hold, work, transact = flushed }: AsHolder,
): Promise<Committed> {
  try {
    return await transact(db, async (tx): Promise<Committed> => {
      const held = await (hold === undefined ? isHeld(tx, engine, { target, epoch }) : hold(tx));
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

interface HeldLaneRow {
  readonly now: number;
}

async function isHeld(tx: Tx, engine: Engine, lane: { target: string; epoch: number }) {
  const { rows } = await heldLane(tx, engine, lane);
  return rows[0];
}

const heldLane = statement(
  ({ target, epoch }: { target: string; epoch: number }, { engine }) => sql<HeldLaneRow>`
    select ${engine.nowMs} as now from lanes where target = ${target} and epoch = ${epoch} ${forUpdate(engine)}`,
);

/** Nobody else can write to a SQLite file. */
function forUpdate({ name }: Engine) {
  return name === 'postgres' ? sql`for update` : sql``;
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
  const {
    rows: [left],
  } = await leftLane(tx, engine, { target, nowMs, ...asPatched(patch) });
  if (left === undefined) throw new Error(`there is no lane ${target}`);
  if (left.is_more === 1) return 'more';
  return (left.doubt_until ?? 0) > nowMs ? 'watch' : 'rest';
}

const leftLane = statement((given: { target: string; nowMs: number } & PatchValues, { tx, engine }) => {
  const isMore = sql<number>`case when exists (select 1 from items where items.target = lanes.target and items.state = 'waiting')
    or exists (select 1 from changes where changes.target = lanes.target and changes.state = 'sending') then 1 else 0 end`;
  const patched = patchedColumns(given, engine);
  const isLeft = sql<number>`case when ${isMore} = 1 or ${patched.doubt_until} > ${given.nowMs} then lease_until else ${given.nowMs} end`;
  return tx
    .updateTable('lanes')
    .set({ ...patched, lease_until: engine.name === 'postgres' ? isLeft : sql<number>`lease_until` })
    .where('target', '=', given.target)
    .returning([isMore.as('is_more'), 'doubt_until']);
});
