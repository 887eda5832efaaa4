import { sql } from 'kysely';
import { flushed, readNowMs, type Database, type Engine, type Tx } from '../engine.ts';
import type { Target } from '../../domain/target.ts';
import type { WaitingItem } from '../rounds.ts';
import type { Acceptance, NewExecution, SeenKey } from '../store.ts';
import type { ExecutionsTable, ItemsTable } from '../tables.ts';
import { announceWaiting } from './announce.ts';
import { statement } from '../statement.ts';
import { asParameter, givenRows, type GivenColumns } from './given-rows.ts';
import { openRoundIn } from './lanes.ts';

/** Stores a batch of triggers in one commit: a storm pays for one disk flush, not for one each. */
export async function accept(
  db: Database,
  engine: Engine,
  executions: readonly NewExecution[],
): Promise<readonly Acceptance[]> {
  const transact = executions.every(({ isToldLater }) => isToldLater === true) ? engine.soon : flushed;
  return transact(db, async (tx) => {
    const { nowMs, waiting } = await lookAround(tx, engine, executions);
    const waitingBefore = new Map(waiting);
    const acceptances: Acceptance[] = [];
    for (const execution of executions) {
      const refused = (await claimKeys(tx, execution, nowMs)) ?? (await takePlaces(tx, execution, waiting));
      acceptances.push(refused ?? { kind: 'accepted' });
    }
    const accepted = executions.filter((_, index) => acceptances[index]?.kind === 'accepted');
    await insert(tx, engine, accepted, nowMs);
    await announceWaiting(
      tx,
      engine,
      accepted.filter(({ open }) => open === undefined).flatMap(({ targets }) => targets),
    );
    // Rounds are opened last, so that they see everything this batch brought.
    for (const [index, { open }] of executions.entries()) {
      if (open === undefined || acceptances[index]?.kind !== 'accepted') continue;
      // Where nothing waited before, what waits now is what was just stored.
      const isKnown = waitingBefore.get(open.target) === 0;
      const opened = await openRoundIn(tx, engine, open, isKnown ? waitingOf(accepted, open.target) : undefined);
      acceptances[index] = { kind: 'accepted', opened };
      if (opened.kind === 'elsewhere') await announceWaiting(tx, engine, [open.target]);
    }
    return acceptances;
  });
}

/** Of executions just stored, what waits on a target. */
function waitingOf(accepted: readonly NewExecution[], target: Target): readonly WaitingItem[] {
  return accepted.flatMap(({ id, projectId, receiverId, driver, config, signal, keptBody, targets, sendWithinMs }) =>
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

interface Surroundings {
  readonly nowMs: number;
  /** How many items wait on each target of the batch before it is stored. */
  readonly waiting: Map<Target, number>;
}

async function lookAround(tx: Tx, engine: Engine, executions: readonly NewExecution[]): Promise<Surroundings> {
  const targets = [...new Set(executions.flatMap((execution) => execution.targets))];
  const { rows } = await countWaiting(tx, engine, { targets: asParameter(targets.map((target) => ({ target }))) });
  const nowMs = rows[0]?.now ?? (await readNowMs(tx, engine));
  return { nowMs, waiting: new Map(rows.map(({ target, waiting }) => [target, waiting])) };
}

const countWaiting = statement(
  ({ targets }: { targets: string }, { engine }) => sql<{ target: Target; waiting: number; now: number }>`
    select given.target, ${engine.nowMs} as now,
      (select count(*) from items where items.target = given.target and items.state = 'waiting') as waiting
    from ${givenRows(engine, targetColumn, targets)}`,
);

/** Counts an execution in on the lanes of its targets; refuses it when one of them is full. */
async function takePlaces(
  tx: Tx,
  { id, targets, laneLimit }: NewExecution,
  waiting: Map<Target, number>,
): Promise<Acceptance | undefined> {
  if (targets.some((target) => (waiting.get(target) ?? 0) >= laneLimit)) {
    await tx.deleteFrom('seen_keys').where('execution_id', '=', id).execute();
    return { kind: 'lane-full' };
  }
  for (const target of targets) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  return undefined;
}

type ExecutionRow = Omit<ExecutionsTable, 'seq' | 'code' | 'applied' | 'scale_from' | 'scale_to'>;

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
  accepted_at: 'whole',
  item_count: 'whole',
  send_before: 'whole',
  finished_at: 'whole',
  kept_body: 'text',
};

const itemColumns: GivenColumns<Pick<ItemsTable, 'id' | 'execution_id' | 'target'>> = {
  id: 'text',
  execution_id: 'text',
  target: 'text',
};

async function insert(tx: Tx, engine: Engine, executions: readonly NewExecution[], nowMs: number): Promise<void> {
  if (executions.length === 0) return;
  const given = executions.map((execution) => executionRow(execution, nowMs));
  await insertExecutions(tx, engine, { rows: asParameter(given) });
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
  const columns = sql.join(Object.keys(executionColumns).map((name) => sql.ref(name)));
  return sql`
    insert into executions (${columns}) select ${columns} from ${givenRows(engine, executionColumns, rows)}`;
});

const insertItems = statement(
  ({ rows }: { rows: string }, { engine }) => sql`
    insert into items (id, execution_id, seq, target, state, message)
    select given.id, given.execution_id, executions.seq, given.target, 'waiting', ''
    from ${givenRows(engine, itemColumns, rows)} join executions on executions.id = given.execution_id`,
);

function executionRow(execution: NewExecution, nowMs: number): ExecutionRow {
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
    accepted_at: nowMs,
    item_count: execution.targets.length,
    send_before: nowMs + execution.sendWithinMs,
    finished_at: isIgnored ? nowMs : null,
    kept_body: isIgnored ? null : (execution.keptBody ?? null),
  };
}

async function claimKeys(tx: Tx, execution: NewExecution, nowMs: number): Promise<Acceptance | undefined> {
  for (const key of execution.seenKeys) {
    const earlier = await claimKey(tx, execution, key, nowMs);
    if (earlier !== undefined) return earlier;
  }
  return undefined;
}

/** Writes the key down as this execution's, unless it is another's and still lives. */
async function claimKey(tx: Tx, execution: NewExecution, key: SeenKey, nowMs: number): Promise<Acceptance | undefined> {
  const row = {
    receiver_id: execution.receiverId,
    kind: key.kind,
    hash: key.hash,
    body_hash: key.bodyHash,
    execution_id: execution.id,
    expires_at: nowMs + key.livesForMs,
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
