import { sql } from 'kysely';
import type { Asked, Engine, Tx } from '../engine.ts';
import { statement } from '../statement.ts';
import type { LanesTable } from '../tables.ts';
import { asPatched, patchedColumns, type LanePatch, type PatchValues } from './lane-patch.ts';

/** A lane as its holder names it: everything he does holds only while the epoch is his. */
export type OnLane = Pick<LanesTable, 'target' | 'epoch'>;

/** Locks the lane, and tells whether it is still the caller's. */
export async function isHeld(tx: Tx, engine: Engine, lane: OnLane): Promise<boolean> {
  const { rows } = await heldLane(tx, engine, lane);
  return rows.length > 0;
}

const heldLane = statement(
  ({ target, epoch }: OnLane, { engine }) =>
    sql`select epoch from lanes where target = ${target} and epoch = ${epoch} ${forUpdate(engine, 'lanes')}`,
);

/** Nobody else can write to a SQLite file. */
export function forUpdate({ name }: Engine, table: 'lanes' | 'items') {
  return name === 'postgres' ? sql`for update of ${sql.table(table)}` : sql``;
}

/** What is next on a lane that was left; undefined where it is somebody else's by now. */
export type NextOnLane = 'more' | 'watch' | 'rest' | undefined;

/**
 * Notes what a step left on the lane and asks what is next on it. Somebody else who has it by now must not be waited for: he may be
 * waiting for what this transaction has written. Where nothing is next, the lane is given up: another replica need not wait for its
 * lease. Nobody else can have a SQLite file.
 */
export async function askToLeave(
  tx: Tx,
  engine: Engine,
  { target, epoch, patch }: OnLane & { readonly patch: LanePatch },
): Promise<Asked<NextOnLane>> {
  const { answer } = await leftLane.ask(tx, engine, { target, epoch, ...asPatched(patch) });
  return { answer: answer.then(({ rows: [left] }) => nextOn(left)) };
}

/** The same, waited for. */
export async function leaveLane(...leaving: Parameters<typeof askToLeave>): Promise<NextOnLane> {
  return (await askToLeave(...leaving)).answer;
}

interface LeftLane {
  readonly is_more: number;
  readonly is_watched: number;
}

function nextOn(left: LeftLane | undefined): NextOnLane {
  if (left === undefined) return undefined;
  if (left.is_more === 1) return 'more';
  return left.is_watched === 1 ? 'watch' : 'rest';
}

const leftLane = statement((given: OnLane & PatchValues, { tx, engine }) => {
  const isMore = sql<number>`case when exists (select 1 from items where items.target = lanes.target and items.state = 'waiting')
    or exists (select 1 from changes where changes.target = lanes.target and changes.state = 'sending') then 1 else 0 end`;
  const patched = patchedColumns(given, engine);
  const isLeft = sql<number>`case when ${isMore} = 1 or ${patched.doubt_until} > ${engine.nowMs} then lease_until else ${engine.nowMs} end`;
  return tx
    .updateTable('lanes')
    .set({ ...patched, lease_until: engine.name === 'postgres' ? isLeft : sql<number>`lease_until` })
    .where('target', '=', given.target)
    .where('epoch', '=', given.epoch)
    .returning([
      isMore.as('is_more'),
      sql<number>`case when doubt_until > ${engine.nowMs} then 1 else 0 end`.as('is_watched'),
    ]);
});
