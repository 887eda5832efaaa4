import { sql } from 'kysely';
import { flushed, together, type Database, type Engine, type Tx } from '../engine.ts';
import type { Target } from '../../domain/target.ts';
import type { WaitingItem } from '../rounds.ts';
import type { Acceptance, NewExecution, SeenKey } from '../store.ts';
import type { ExecutionsTable, ItemsTable } from '../tables.ts';
import { announceWaiting } from './announce.ts';
import { statement } from '../statement.ts';
import { asParameter, givenRows, type GivenColumns } from './given-rows.ts';
import { openRoundIn } from './lanes.ts';

/** A lane has no place for all of a batch that was stored in the hope that it has. */
class LaneFull extends Error {}

/** Stores a batch of triggers in one commit: a storm pays for one disk flush, not for one each. */
export async function accept(
  db: Database,
  engine: Engine,
  executions: readonly NewExecution[],
): Promise<readonly Acceptance[]> {
  const transact = executions.every(({ isToldLater }) => isToldLater === true) ? engine.soon : flushed;
  const storing = (isHopeful: boolean) => transact(db, (tx) => store(tx, engine, { executions, isHopeful }));
  // On a lane that is free to be opened hardly anything waits: that is not asked first, but together with what is stored.
  const isHopeful = executions.some(({ open }) => open !== undefined);
  return storing(isHopeful).catch((error: unknown) => {
    if (error instanceof LaneFull) return storing(false);
    throw error;
  });
}

interface Batch {
  readonly executions: readonly NewExecution[];
  /** @throws LaneFull where they do not all find a place */
  readonly isHopeful: boolean;
}

async function store(tx: Tx, engine: Engine, { executions, isHopeful }: Batch): Promise<readonly Acceptance[]> {
  const counting = countWaiting(tx, engine, executions);
  const storing = async (): Promise<readonly Acceptance[]> => {
    const places = isHopeful ? undefined : new Map(await counting);
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
    // Rounds are opened last, so that they see everything this batch brought.
    for (const [index, { open }] of executions.entries()) {
      if (open === undefined || acceptances[index]?.kind !== 'accepted') continue;
      // Where nothing waited before, what waits now is what was just stored.
      const known = counting.then((waiting) =>
        waiting.get(open.target) === 0 ? waitingOf(accepted, open.target) : undefined,
      );
      const [opened] = await together([openRoundIn(tx, engine, open, known), known]);
      acceptances[index] = { kind: 'accepted', opened };
      if (opened.kind === 'elsewhere') await announceWaiting(tx, engine, [open.target]);
    }
    if (isHopeful) {
      const placesLeft = new Map(await counting);
      if (!accepted.every((execution) => takePlaces(execution, placesLeft))) throw new LaneFull();
    }
    return acceptances;
  };
  const [acceptances] = await together([storing(), counting]);
  return acceptances;
}

/** Of executions just stored, what waits on a target. */
function waitingOf(accepted: readonly NewExecution[], target: Target): readonly WaitingItem[] {
  return accepted.flatMap(
    ({ id, projectId, receiverId, driver, config, signal, keptBody, targets, sendWithinMs, isToldLater }) =>
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
              isOfOneCaller: isToldLater === true,
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

/** Refuses an execution for which there is no place, and gives back what it has claimed. */
async function refusedWithout(
  tx: Tx,
  execution: NewExecution,
  places: Map<Target, number> | undefined,
): Promise<Acceptance | undefined> {
  if (places === undefined || takePlaces(execution, places)) return undefined;
  await tx.deleteFrom('seen_keys').where('execution_id', '=', execution.id).execute();
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

async function insert(tx: Tx, engine: Engine, executions: readonly NewExecution[]): Promise<void> {
  if (executions.length === 0) return;
  await insertExecutions(tx, engine, { rows: asParameter(executions.map(executionRow)) });
  const items = executions.flatMap(({ id, targets }) =>
    targets.map((target, index) => ({ id: itemIdOf(id, index), execution_id: id, target })),
  );
  if (items.length === 0) return;
  await insertItems(tx, engine, { rows: asParameter(items) });
  const callbacks = executions.flatMap(({ id, targets, callback }) =>
    callback === undefined || targets.length === 0 ? [] : [{ execution_id: id, destination: callback, attempts: 0 }],
  );
  if (callbacks.length > 0) await tx.insertInto('callbacks').values(callbacks).execute();
}

// Both engines number the rows in the order given, which is that of acceptance.
const insertExecutions = statement(({ rows }: { rows: string }, { engine }) => {
  const { send_within: _given, ...kept } = executionColumns;
  const columns = sql.join(Object.keys(kept).map((name) => sql.ref(name)));
  const { nowMs } = engine;
  return sql`
    insert into executions (${columns}, accepted_at, send_before, finished_at)
    select ${columns}, ${nowMs}, ${nowMs} + given.send_within, case when given.state = 'finished' then ${nowMs} end
    from ${givenRows(engine, executionColumns, rows)}`;
});

const insertItems = statement(
  ({ rows }: { rows: string }, { engine }) => sql`
    insert into items (id, execution_id, seq, target, state, message)
    select given.id, given.execution_id, executions.seq, given.target, 'waiting', ''
    from ${givenRows(engine, itemColumns, rows)} join executions on executions.id = given.execution_id`,
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

async function claimKeys(tx: Tx, engine: Engine, execution: NewExecution): Promise<Acceptance | undefined> {
  for (const key of execution.seenKeys) {
    const earlier = await claimKey(tx, engine, execution, key);
    if (earlier !== undefined) return earlier;
  }
  return undefined;
}

/** Writes the key down as this execution's, unless it is another's and still lives. */
async function claimKey(
  tx: Tx,
  { nowMs }: Engine,
  execution: NewExecution,
  key: SeenKey,
): Promise<Acceptance | undefined> {
  const row = {
    receiver_id: execution.receiverId,
    kind: key.kind,
    hash: key.hash,
    body_hash: key.bodyHash,
    execution_id: execution.id,
    expires_at: sql<number>`${nowMs} + ${key.livesForMs}`,
  };
  const claimed = await tx
    .insertInto('seen_keys')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['receiver_id', 'kind', 'hash'])
        .doUpdateSet({ body_hash: row.body_hash, execution_id: row.execution_id, expires_at: row.expires_at })
        .where('seen_keys.expires_at', '<=', nowMs),
    )
    .returning('execution_id')
    .executeTakeFirst();
  if (claimed !== undefined) return undefined;
  const earlier = await tx
    .selectFrom('seen_keys')
    .select(['execution_id', 'body_hash'])
    .where('receiver_id', '=', row.receiver_id)
    .where('kind', '=', row.kind)
    .where('hash', '=', row.hash)
    .executeTakeFirstOrThrow();
  // What this execution claimed before is given back with it: nothing half-stored.
  await tx.deleteFrom('seen_keys').where('execution_id', '=', execution.id).execute();
  if (key.kind === 'signature') return { kind: 'replayed' };
  if (key.kind === 'request' && earlier.body_hash !== key.bodyHash) return { kind: 'request-key-reused' };
  return { kind: 'duplicate', executionId: earlier.execution_id };
}
