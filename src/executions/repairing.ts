import { newId } from './new-id.ts';
import { projectOf } from '../domain/target.ts';
import type { LateWrite } from '../storage/rounds.ts';
import { send } from './sending.ts';
import type { Next, Turn } from './turn.ts';

/** The change that undoes a late write, when one has landed on top of a newer figure. */
export async function findRepair({ context, target }: Turn, late: LateWrite): Promise<unknown> {
  const driver = context.drivers.get(late.driver);
  for (const inDoubt of late.inDoubt) {
    const repair = await driver?.repair?.(inDoubt, late.latest, context.rancher(projectOf(target)), {});
    if (repair !== undefined) return repair;
  }
  return undefined;
}

/** Looks whether a write that was once in doubt has landed late, and puts the newer figure back (design §5.2). */
export async function watchLateWrite(turn: Turn, late: LateWrite): Promise<Next> {
  const repair = await findRepair(turn, late);
  if (repair !== undefined) return sendRepair(turn, late.driver, repair);
  return { restMs: Math.min(late.forMs + 1, turn.context.timing.lookAgainMs), why: 'look-again' };
}

/** Puts the newer figure back after a late write. */
export async function sendRepair(turn: Turn, driverId: string, repair: unknown): Promise<Next> {
  const { store, log, drivers } = turn.context;
  const { target, epoch } = turn;
  const driver = drivers.get(driverId);
  if (driver === undefined) return 'rest';
  log.warn({ target }, 'a late write landed, putting the newer figure back');
  const change = { changeId: newId(), driver: driver.id, body: repair, items: [] };
  const committed = await store.commitRound({ target, epoch, ended: [], change });
  if (committed.kind === 'lane-lost') return 'again';
  return send(turn, { ...change, driver, decisions: [], waiting: [], ageMs: 0 }, 'unsent');
}
