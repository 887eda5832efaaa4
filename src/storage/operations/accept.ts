import { sql } from 'kysely';
import { flushed, inOneGo, type Database, type Engine, type Transact, type Tx } from '../engine.ts';
import { ServiceError } from '../../domain/errors.ts';
import type { Target } from '../../domain/target.ts';
import type { WaitingItem } from '../rounds.ts';
import type { Acceptance, NewExecution } from '../store.ts';
import type { ExecutionsTable, ItemsTable } from '../tables.ts';
import { announceWaiting } from './announce.ts';
import { statement } from '../statement.ts';
import { asParameter, givenRows, type GivenColumns } from './given-rows.ts';
import { asHeld, askForLane, openRoundIn, readElsewhere } from './lanes.ts';
import { claimKeys, giveKeysBack } from './seen-keys.ts';

/** Stores a batch of triggers in one commit: a storm pays for one disk flush, not for one each. */
export async function accept(
  db: Database,
  engine: Engine,
  executions: readonly NewExecution[],
): Promise<readonly Acceptance[]> {
  const transact = executions.every(({ isToldLater }) => isToldLater === true) ? engine.soon : flushed;
  const [first, ...others] = executions;
  if (others.length === 0 && first !== undefined && isPlain(first))
    return [await storeAlone(db, engine, first, transact)];
  const storing = () => transact(db, (tx) => storeAll(tx, engine, executions));
  return storing().catch((error: unknown) => {
    // Two replicas were told of the same events in another order: the other's batch is stored, and this one was rolled back.
    if (isDeadlock(error)) return storing();
    throw error;
  });
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
function isDeadlock(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === '40P01';
}

/** One item and nothing else, on a lane to be opened. */
type PlainExecution = NewExecution & Required<Pick<NewExecution, 'open'>>;

function isPlain(execution: NewExecution): execution is PlainExecution {
  const { open, targets, seenKeys, callback } = execution;
  return open !== undefined && targets.length === 1 && seenKeys.length === 0 && callback === undefined;
}

/**
 * A trigger that comes alone to a lane that is free, as far as this process knows. Whether it has a place there is for the statements
 * to say, so that they and their commit are one round trip.
 */
async function storeAlone(
  db: Database,
  engine: Engine,
  execution: PlainExecution,
  transact: Transact,
): Promise<Acceptance> {
  const { id, open, laneLimit } = execution;
  const { lane, change } = await inOneGo(db, engine, transact, async (tx) => {
    await insert(tx, engine, [execution], { target: open.target, limit: laneLimit });
    return askForLane(tx, engine, open, id);
  });
  if (lane === undefined) {
    return flushed(db, (tx) => storedElsewhere(tx, engine, execution)).catch((cause: unknown) => {
      // Whatever went wrong here, it may be stored: that nothing was done must not be said of it.
      const message = 'the database went away while a trigger was being stored';
      throw new ServiceError('STORE_UNAVAILABLE', message, { cause, isInDoubt: true });
    });
  }
  // What waited before is read by the round that is opened next.
  if (Number(lane.has_others) > 0) return { kind: 'accepted' };
  return { kind: 'accepted', opened: asHeld(open, { lane, change, waiting: waitingOf([execution], open.target) }) };
}

/** The lane is full, and nothing was stored; or it is somebody else's, who is told. */
async function storedElsewhere(tx: Tx, engine: Engine, { id, open }: PlainExecution): Promise<Acceptance> {
  const stored = await tx.selectFrom('executions').select('id').where('id', '=', id).executeTakeFirst();
  if (stored === undefined) return { kind: 'lane-full' };
  await announceWaiting(tx, engine, [open.target]);
  return { kind: 'accepted', opened: await readElsewhere(tx, engine, open.target) };
}

async function storeAll(tx: Tx, engine: Engine, executions: readonly NewExecution[]): Promise<readonly Acceptance[]> {
  const waiting = await countWaiting(tx, engine, executions);
  const places = new Map(waiting);
  const acceptances: Acceptance[] = [];
  for (const execution of executions) {
    const refused = (await claimKeys(tx, engine, execution)) ?? (await refusedWithout(tx, execution, places));
    acceptances.push(refused ?? { kind: 'accepted' });
  }
  const accepted = executions.filter((_, index) => acceptances[index]?.kind === 'accepted');
  await insert(tx, engine, accepted);
  await announceWaiting(
    tx,
    engine,
    accepted.filter(({ open }) => open === undefined).flatMap(({ targets }) => targets),
  );
  // Rounds are opened last, so that they see everything this batch brought, and in the same order by all replicas, or each could wait for
  // a lane that another has just taken.
  const opening = executions.flatMap(({ open }, index) =>
    open === undefined || acceptances[index]?.kind !== 'accepted' ? [] : [{ open, index }],
  );
  for (const { open, index } of opening.toSorted((one, other) => (one.open.target < other.open.target ? -1 : 1))) {
    // Where nothing waited before, what waits now is what was just stored.
    const known = waiting.get(open.target) === 0 ? waitingOf(accepted, open.target) : undefined;
    const opened = await openRoundIn(tx, engine, open, known);
    acceptances[index] = { kind: 'accepted', opened };
    if (opened.kind === 'elsewhere') await announceWaiting(tx, engine, [open.target]);
  }
  return acceptances;
}

/** Of executions just stored, what waits on a target. */
function waitingOf(accepted: readonly NewExecution[], target: Target): readonly WaitingItem[] {
  return accepted.flatMap(
    ({ id, projectId, receiverId, driver, config, signal, keptBody, targets, sendWithinMs, isToldLater, callback }) =>
      targets.includes(target)
        ? [
            {
              itemId: itemIdOf(id, targets.indexOf(target)),
              executionId: id,
              projectId,
              receiverId,
              driver,
              config,
              signal,
              ...(keptBody === undefined ? {} : { keptBody }),
              isOnly: targets.length === 1,
              isOfOneCaller: isToldLater === true && callback === undefined,
              waitedMs: 0,
              sendWithinMs,
            },
          ]
        : [],
  );
}

function itemIdOf(executionId: string, index: number): string {
  return `${executionId}.${String(index)}`;
}

const targetColumn: GivenColumns<{ target: string }> = { target: 'text' };

/** How many items wait on each target of a batch before it is stored. */
type Waiting = ReadonlyMap<Target, number>;

async function countWaiting(tx: Tx, engine: Engine, executions: readonly NewExecution[]): Promise<Waiting> {
  const targets = [...new Set(executions.flatMap((execution) => execution.targets))];
  const { rows } = await waitingOnEach(tx, engine, { targets: asParameter(targets.map((target) => ({ target }))) });
  return new Map(rows.map(({ target, waiting }) => [target, waiting]));
}

const waitingOnEach = statement(
  ({ targets }: { targets: string }, { engine }) => sql<{ target: Target; waiting: number }>`
    select given.target,
      (select count(*) from items where items.target = given.target and items.state = 'waiting') as waiting
    from ${givenRows(engine, targetColumn, targets)}`,
);

/** Counts an execution in on the lanes of its targets, unless one of them is full. */
function takePlaces({ targets, laneLimit }: NewExecution, waiting: Map<Target, number>): boolean {
  if (targets.some((target) => (waiting.get(target) ?? 0) >= laneLimit)) return false;
  for (const target of targets) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  return true;
}

/** Refuses an execution for which there is no place. */
async function refusedWithout(
  tx: Tx,
  execution: NewExecution,
  places: Map<Target, number>,
): Promise<Acceptance | undefined> {
  if (takePlaces(execution, places)) return undefined;
  await giveKeysBack(tx, execution);
  return { kind: 'lane-full' };
}

type ExecutionRow = Omit<
  ExecutionsTable,
  'seq' | 'code' | 'applied' | 'scale_from' | 'scale_to' | 'accepted_at' | 'send_before' | 'finished_at'
> & { readonly send_within: number };

const executionColumns: GivenColumns<ExecutionRow> = {
  id: 'text',
  project_id: 'text',
  receiver_id: 'text',
  receiver_name: 'text',
  driver: 'text',
  format: 'text',
  config: 'text',
  signal: 'text',
  state: 'text',
  outcome: 'text',
  message: 'text',
  item_count: 'whole',
  kept_body: 'text',
  send_within: 'whole',
};

const itemColumns: GivenColumns<Pick<ItemsTable, 'id' | 'execution_id' | 'target'>> = {
  id: 'text',
  execution_id: 'text',
  target: 'text',
};

/** Those for a `lane` only if fewer than its `limit` wait there; without one that was looked at before. */
async function insert(
  tx: Tx,
  engine: Engine,
  executions: readonly NewExecution[],
  lane?: { readonly target: Target; readonly limit: number },
): Promise<void> {
  if (executions.length === 0) return;
  const rows = asParameter(executions.map(executionRow));
  await insertExecutions(tx, engine, { rows, target: lane?.target ?? null, limit: lane?.limit ?? null });
  const items = executions.flatMap(({ id, targets }) =>
    targets.map((target, index) => ({ id: itemIdOf(id, index), execution_id: id, target })),
  );
  if (items.length === 0) return;
  await insertItems(tx, engine, { rows: asParameter(items) });
  const callbacks = executions.flatMap(({ id, targets, callback }) =>
    callback === undefined || targets.length === 0 ? [] : [{ execution_id: id, destination: callback, attempts: 0 }],
  );
  if (callbacks.length > 0)
    await tx
      .insertInto('callbacks')
      .values(callbacks)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

// Both engines number the rows in the order given, which is that of acceptance. One that is there already was stored before, and its answer lost.
const insertExecutions = statement(
  (given: { rows: string; target: string | null; limit: number | null }, { engine }) => {
    const { rows, target, limit } = given;
    const places = sql`cast(${limit} as bigint)`;
    const { send_within: _given, ...kept } = executionColumns;
    const columns = sql.join(Object.keys(kept).map((name) => sql.ref(name)));
    const { nowMs } = engine;
    return sql`
    insert into executions (${columns}, accepted_at, send_before, finished_at)
    select ${columns}, ${nowMs}, ${nowMs} + given.send_within, case when given.state = 'finished' then ${nowMs} end
    from ${givenRows(engine, executionColumns, rows)}
    where ${places} is null
      or ${places} > (select count(*) from items where items.target = ${target} and items.state = 'waiting')
    on conflict (id) do nothing`;
  },
);

const insertItems = statement(
  ({ rows }: { rows: string }, { engine }) => sql`
    insert into items (id, execution_id, seq, target, state, message)
    select given.id, given.execution_id, executions.seq, given.target, 'waiting', ''
    from ${givenRows(engine, itemColumns, rows)} join executions on executions.id = given.execution_id
    where true
    on conflict (id) do nothing`,
);

function executionRow(execution: NewExecution): ExecutionRow {
  // An ignored signal is finished as it is stored.
  const isIgnored = execution.targets.length === 0;
  return {
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
    item_count: execution.targets.length,
    kept_body: isIgnored ? null : (execution.keptBody ?? null),
    send_within: execution.sendWithinMs,
  };
}
