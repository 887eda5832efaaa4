import { sql } from 'kysely';
import type { Asked, Database, Engine, Tx } from '../engine.ts';
import { readNowMs, together } from '../engine.ts';
import { statement } from '../statement.ts';
import type { Target } from '../../domain/target.ts';
import type { Signal } from '../../domain/signal.ts';
import type { ChangesTable, LanesTable } from '../tables.ts';
import { readKeptLateWrites, type KeptChange } from './late-writes.ts';
import type { HeldLane, LaneElsewhere, LateWrite, OpenChange, RoundToOpen, WaitingItem } from '../rounds.ts';
import type { Store } from '../store.ts';

// One round decides at most so many: a lane that was left alone for hours is still worked off in bounded memory.
const itemsARound = 1000;

/** See `Store.openRound`. */
export async function openRound(db: Database, engine: Engine, round: RoundToOpen): Promise<HeldLane | LaneElsewhere> {
  return db.transaction().execute((tx) => openRoundIn(tx, engine, round));
}

/** The same within a transaction that has begun; `known` tells what waits, where that need not be read. */
export async function openRoundIn(
  tx: Tx,
  engine: Engine,
  round: RoundToOpen,
  known?: readonly WaitingItem[],
): Promise<HeldLane | LaneElsewhere> {
  const { answer } = await askForLane(tx, engine, round, null);
  const { lane, change } = await answer;
  if (lane === undefined) return readElsewhere(tx, engine, round.target);
  const waiting = known ?? (await readWaiting(tx, engine, round.target, heldSinceMs(lane, round)));
  return asHeld(round, { lane, change, waiting });
}

export interface AskedLane {
  /** Absent where somebody else holds it, or nothing was stored for which it was to be taken. */
  readonly lane: TakenLane | undefined;
  /** Whose sending is not known to have ended. */
  readonly change: OpenRow | undefined;
}

interface TakenLane extends LanesTable {
  /** Whether something waits there that is not of the execution it was taken for. */
  readonly has_others: boolean | number;
}

/** Takes or keeps the lane; with an `executionId` only if that one is stored. */
export async function askForLane(
  tx: Tx,
  engine: Engine,
  { target, holder, leaseMs, doubtMs }: RoundToOpen,
  executionId: string | null,
): Promise<Asked<AskedLane>> {
  const taken = await takeLane.ask(tx, engine, { target, holder, leaseMs, executionId });
  // After the taking, which may have had to wait for whoever closed the change just then.
  const open = await openChangeOn.ask(tx, engine, { target, holder, doubtMs });
  return {
    answer: together([taken.answer, open.answer]).then(([lanes, changes]) => ({
      lane: lanes.rows[0],
      change: changes.rows[0],
    })),
  };
}

/** Of the moment at which the lane was ours: to get it may have taken a while. */
function heldSinceMs(lane: LanesTable, { leaseMs }: RoundToOpen): number {
  return lane.lease_until - leaseMs;
}

/** What a holder finds on a lane that he was given. */
export function asHeld(
  round: RoundToOpen,
  {
    lane,
    change,
    waiting,
  }: { readonly lane: LanesTable; readonly waiting: readonly WaitingItem[] } & Pick<AskedLane, 'change'>,
): HeldLane {
  const nowMs = heldSinceMs(lane, round);
  const latest = lane.latest_change === null ? undefined : (JSON.parse(lane.latest_change) as KeptChange);
  const lateWrite = readLateWrite(lane, latest, nowMs);
  return {
    kind: 'held',
    epoch: lane.epoch,
    waiting,
    ...(change === undefined ? {} : { open: asOpenChange(change, nowMs) }),
    ...sinceLastEffectiveChange(lane.last_effective_at, nowMs),
    ...(lateWrite === undefined ? {} : { lateWrite }),
    ...(latest === undefined ? {} : { latest }),
  };
}

/** See `Store.readLaneHistory`. */
export async function readLaneHistory(db: Database, engine: Engine, { target }: { readonly target: Target }) {
  return db.transaction().execute(async (tx) => {
    const lane = await tx
      .selectFrom('lanes')
      .select('last_effective_at')
      .where('target', '=', target)
      .executeTakeFirst();
    return sinceLastEffectiveChange(lane?.last_effective_at ?? null, await readNowMs(tx, engine));
  });
}

function sinceLastEffectiveChange(lastEffectiveAtMs: number | null, nowMs: number) {
  // A clock that was set back must not make the age negative and the cooldown endless.
  return lastEffectiveAtMs === null ? {} : { sinceLastEffectiveChangeMs: Math.max(0, nowMs - lastEffectiveAtMs) };
}

/**
 * Takes the lane unless somebody else's lease still runs, or keeps it. A lease of our own that ran out counts as lost, too: somebody
 * may have held the lane meanwhile.
 */
const takeLane = statement(
  (
    {
      target,
      holder,
      leaseMs,
      executionId,
    }: Pick<RoundToOpen, 'target' | 'holder' | 'leaseMs'> & { executionId: string | null },
    { engine: { nowMs } },
  ) => {
    const isKept = sql`lanes.holder = excluded.holder and lanes.lease_until > ${nowMs}`;
    const whose = sql`cast(${executionId} as text)`;
    return sql<TakenLane>`
    insert into lanes (target, epoch, holder, lease_until)
    select ${target}, 1, ${holder}, ${nowMs} + ${leaseMs}
    where ${whose} is null or exists (select 1 from executions where id = ${whose})
    on conflict (target) do update set
      epoch = lanes.epoch + case when ${isKept} then 0 else 1 end,
      taken_from = case when ${isKept} then null else lanes.lease_until end,
      holder = excluded.holder,
      lease_until = ${nowMs} + ${leaseMs}
    where lanes.holder = excluded.holder or lanes.lease_until <= ${nowMs}
    returning *, exists (
      select 1 from items
      where items.target = lanes.target and items.state = 'waiting' and items.execution_id <> ${whose}) as has_others`;
  },
);

export async function readElsewhere(tx: Tx, engine: Engine, target: Target): Promise<LaneElsewhere> {
  const { leaseLeftMs } = await tx
    .selectFrom('lanes')
    .select(sql<number>`lease_until - ${engine.nowMs}`.as('leaseLeftMs'))
    .where('target', '=', target)
    .executeTakeFirstOrThrow();
  return { kind: 'elsewhere', leaseLeftMs: Math.max(0, leaseLeftMs) };
}

async function readWaiting(tx: Tx, engine: Engine, target: Target, nowMs: number): Promise<readonly WaitingItem[]> {
  const { rows } = await waitingOn(tx, engine, { target });
  return rows.map(({ config, signal, kept_body, item_count, maybe_sent, accepted_at, send_before, ...row }) => ({
    ...row,
    config: JSON.parse(config) as unknown,
    signal: JSON.parse(signal) as Signal,
    ...(kept_body === null ? {} : { keptBody: kept_body }),
    isOnly: item_count === 1,
    ...(maybe_sent === 1 ? { isMaybeSent: true as const } : {}),
    waitedMs: nowMs - accepted_at,
    sendWithinMs: send_before - nowMs,
  }));
}

const waitingOn = statement(({ target }: { target: Target }, { tx }) =>
  tx
    .selectFrom('items')
    .innerJoin('executions', 'executions.id', 'items.execution_id')
    .select([
      'items.id as itemId',
      'items.execution_id as executionId',
      'items.maybe_sent',
      'executions.project_id as projectId',
      'executions.receiver_id as receiverId',
      'executions.driver',
      'executions.config',
      'executions.signal',
      'executions.kept_body',
      'executions.item_count',
      'executions.accepted_at',
      'executions.send_before',
    ])
    .where('items.target', '=', target)
    .where('items.state', '=', sql.lit('waiting'))
    .orderBy('items.seq')
    .limit(itemsARound),
);

type OpenRow = Pick<ChangesTable, 'id' | 'driver' | 'body' | 'doubt_until' | 'sent_again' | 'created_at'>;

/**
 * Finds the change whose sending is not known to have ended, and writes down for how long a write of it may be under way: at the next
 * look the lane is ours, and the lease it was taken from is forgotten. Until that lease and a call's time were over the holder
 * before us may have written, and if it was in doubt already, have sent it a second time before he died. A change of our own that
 * was never marked as in doubt: the commit that should have said so failed.
 */
const openChangeOn = statement(
  ({ target, holder, doubtMs }: Pick<RoundToOpen, 'target' | 'holder' | 'doubtMs'>, { engine: { nowMs } }) =>
    sql<OpenRow>`
    update changes set
      doubt_until = case
        when lanes.taken_from is null then coalesce(changes.doubt_until, ${nowMs} + ${doubtMs})
        when changes.doubt_until > lanes.taken_from + ${doubtMs} then changes.doubt_until
        else lanes.taken_from + ${doubtMs} end,
      sent_again = case
        when lanes.taken_from is not null and changes.doubt_until is not null then 1 else changes.sent_again end
    from lanes
    where lanes.target = ${target} and lanes.holder = ${holder}
      and changes.target = lanes.target and changes.state = 'sending'
    returning changes.id, changes.driver, changes.body, changes.doubt_until, changes.sent_again, changes.created_at`,
);

function asOpenChange(row: OpenRow, nowMs: number): OpenChange {
  return {
    changeId: row.id,
    driver: row.driver,
    body: JSON.parse(row.body) as unknown,
    doubtForMs: (row.doubt_until ?? nowMs) - nowMs,
    isSentAgain: row.sent_again === 1,
    ageMs: Math.max(0, nowMs - row.created_at),
  };
}

function readLateWrite(lane: LanesTable, latest: KeptChange | undefined, nowMs: number): LateWrite | undefined {
  if (latest === undefined || lane.doubt_until === null || lane.doubt_until <= nowMs) return undefined;
  const { driver, body } = latest;
  const inDoubt = readKeptLateWrites(lane.doubt_change, nowMs).filter((late) => late.driver === driver);
  return { inDoubt: inDoubt.map((late) => late.body), latest: body, driver, forMs: lane.doubt_until - nowMs };
}

/** See `Store.releaseLane`. */
export async function releaseLane(
  db: Database,
  engine: Engine,
  { target, epoch }: Parameters<Store['releaseLane']>[0],
): Promise<void> {
  await db
    .updateTable('lanes')
    .set({ lease_until: engine.nowMs })
    .where('target', '=', target)
    .where('epoch', '=', epoch)
    .execute();
}

/** See `Store.endAllLeases`. */
export async function endAllLeases(db: Database, engine: Engine): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const nowMs = await readNowMs(tx, engine);
    await tx.updateTable('lanes').set({ lease_until: nowMs }).where('lease_until', '>', nowMs).execute();
    await tx.updateTable('changes').set({ lease_until: nowMs }).where('state', '=', 'following').execute();
  });
}

/** See `Store.idleTargets`. */
export async function idleTargets(
  db: Database,
  engine: Engine,
  { limit }: { readonly limit: number },
): Promise<readonly Target[]> {
  return db.transaction().execute(async (tx) => {
    const nowMs = await readNowMs(tx, engine);
    const waiting = await tx
      .selectFrom('items')
      .select('target')
      .distinct()
      .where('state', '=', sql.lit('waiting'))
      .limit(limit)
      .execute();
    const open = await tx
      .selectFrom('changes')
      .select('target')
      .where('state', '=', sql.lit('sending'))
      .limit(limit)
      .execute();
    const inDoubt = await tx
      .selectFrom('lanes')
      .select('target')
      .where('doubt_until', 'is not', null)
      .where('doubt_until', '>', nowMs)
      .limit(limit)
      .execute();
    const targets = [...new Set([...waiting, ...open, ...inDoubt].map(({ target }) => target))];
    if (targets.length === 0) return [];
    const held = await tx
      .selectFrom('lanes')
      .select('target')
      .where('target', 'in', targets)
      .where('lease_until', '>', nowMs)
      .execute();
    const heldTargets = new Set(held.map(({ target }) => target));
    return targets.filter((target) => !heldTargets.has(target));
  });
}
