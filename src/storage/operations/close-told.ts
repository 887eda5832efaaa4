import { sql } from 'kysely';
import { inOneGo, type Asked, type Database, type Engine, type Tx } from '../engine.ts';
import type { ChangeToClose, Committed } from '../rounds.ts';
import { statement } from '../statement.ts';
import type { AttemptsTable } from '../tables.ts';
import { askToLeave, forUpdate, type NextOnLane, type OnLane } from './holding.ts';

/**
 * Closes a change that is done and that nobody is left to hear of (`isTold`). Its executions have one item each and no callback, so that
 * nothing needs to be read before the next thing is asked, and all of it is one round trip: with more of them the lane stays locked
 * until this process has been woken for an answer, while the next trigger waits for it.
 */
export async function closeTold(
  db: Database,
  engine: Engine,
  close: Pick<ChangeToClose, 'target' | 'epoch' | 'changeId' | 'attempt'>,
): Promise<Committed> {
  const next = await inOneGo(db, engine, engine.soon, (tx) => ask(tx, engine, close));
  return next === undefined ? { kind: 'lane-lost' } : { kind: 'committed', finished: [], next };
}

async function ask(
  tx: Tx,
  engine: Engine,
  { target, epoch, changeId, attempt }: Parameters<typeof closeTold>[2],
): Promise<Asked<NextOnLane>> {
  const change = { target, epoch, changeId };
  // First, because an execution shows the attempts of before its end.
  await noteAttempt(tx, engine, { ...change, result: attempt.result, code: attempt.code ?? null });
  // Their items are found by the change only while they are under way.
  await endExecutions(tx, engine, change);
  await endItems(tx, engine, change);
  await endChange(tx, engine, change);
  return askToLeave(tx, engine, { target, epoch, patch: { latestChangeId: changeId, isEffective: true } });
}

type OfChange = OnLane & { readonly changeId: string };

/** What all of it depends on, as it is committed whatever it finds; on PostgreSQL the first statement has locked the lane. */
const whileHeld = (target: string, epoch: number) =>
  sql<boolean>`exists (select 1 from lanes where lanes.target = ${target} and lanes.epoch = ${epoch})`;

type OfAttempt = OfChange & Pick<AttemptsTable, 'result' | 'code'>;

const noteAttempt = statement(
  ({ target, epoch, changeId, result, code }: OfAttempt, { engine }) => sql`
    insert into attempts (target, change_id, at, result, code)
    select target, ${changeId}, ${engine.nowMs}, ${result}, ${code} from lanes
    where target = ${target} and epoch = ${epoch} ${forUpdate(engine, 'lanes')}`,
);

const endExecutions = statement(
  ({ target, epoch, changeId }: OfChange, { engine }) => sql`
    update executions set state = 'finished', outcome = 'scaled', message = items.message, code = null, applied = null,
      scale_from = items.scale_from, scale_to = items.scale_to, finished_at = ${engine.nowMs}, kept_body = null
    from items
    where items.change_id = ${changeId} and items.state = 'under-way' and executions.id = items.execution_id
      and ${whileHeld(target, epoch)}`,
);

const endItems = statement(
  ({ target, epoch, changeId }: OfChange) => sql`
    update items set state = 'finished', outcome = 'scaled', code = null, applied = null
    where change_id = ${changeId} and state = 'under-way' and ${whileHeld(target, epoch)}`,
);

const endChange = statement(
  ({ target, epoch, changeId }: OfChange) => sql`
    update changes set state = 'done' where id = ${changeId} and ${whileHeld(target, epoch)}`,
);
