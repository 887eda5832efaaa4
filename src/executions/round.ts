import { newId } from './new-id.ts';
import { hasCode } from '../domain/errors.ts';
import { projectOf } from '../domain/target.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import type { HeldLane, ItemEnd, WaitingItem } from '../storage/rounds.ts';
import { decide } from './deciding.ts';
import { foresee } from './foreseeing.ts';
import { NotCommitted } from './lease.ts';
import { findRepair, sendRepair } from './repairing.ts';
import { prepare, send, type ChangeInHand } from './sending.ts';
import { afterCommit, failedItem, isFinal, restAfter, type Next, type Turn } from './turn.ts';

/** A target's reading, and when its answer had come, by this process's monotonic clock: a slow Rancher's is no fresher for being asked again. */
export interface Reading {
  readonly driverId: string;
  readonly snapshot: unknown;
  readonly readAtMs: number;
}

/** A reading begun before its round was opened. */
export interface EarlyReading {
  readonly reading: Promise<Reading>;
  /** Its answer has come. */
  readonly isThere: () => boolean;
}

/** Reads a target once. */
export async function readTarget(
  { context, target }: Pick<Turn, 'context' | 'target'>,
  driver: AnyDriver,
): Promise<Reading> {
  const snapshot = await driver.read(target, context.rancher(projectOf(target)), {});
  return { driverId: driver.id, snapshot, readAtMs: performance.now() };
}

/**
 * Decides everything that waits, commits all decisions and one change, and sends it (design §2.3).
 * `early` is a reading begun while the trigger was being stored; it counts only while it is fresh.
 */
export async function decideRound(turn: Turn, round: HeldLane, early: EarlyReading | undefined): Promise<Next> {
  const { context, target } = turn;
  const { store, timing, reached } = context;
  turn.crowd.size = round.waiting.length;
  const { dead, living } = await partDead(turn, round.waiting);
  const [first] = living;
  if (first === undefined) return endItems(turn, dead);
  const driver = context.drivers.get(first.driver);
  if (driver === undefined) {
    const message = `driver ${first.driver} is not part of this version; go back to the one that accepted the trigger`;
    return endItems(turn, [...dead, ...living.map((item) => failedItem(item, 'INTERNAL', message))]);
  }
  const { lateWrite } = round;
  const undecided = { driver, round, target, dead, living, changeId: newId() };
  const foreseen = early?.isThere() === false ? foresee(context, undecided) : undefined;
  let reading: Reading;
  let repair: unknown;
  try {
    const begun = await early?.reading;
    const isUsable = begun?.driverId === driver.id && performance.now() - begun.readAtMs <= timing.freshReadMs;
    reading = isUsable ? begun : await readTarget(turn, driver);
    // After the reading: a late write that landed before it must not be taken for the figure to start from.
    if (lateWrite !== undefined) repair = await findRepair(turn, lateWrite);
  } catch (error) {
    foreseen?.drop();
    return couldNotRead(turn, error, dead, living);
  }
  reached('target-read');
  if (lateWrite !== undefined && repair !== undefined) {
    foreseen?.drop();
    return sendRepair(turn, lateWrite.driver, repair);
  }

  const { toCommit, changing, againAfterMs } = decide(undecided, reading.snapshot);
  const commit = async () => (await foreseen?.commit(toCommit)) ?? store.commitRound(toCommit);
  const committing = commit()
    // Said once, because a prepared write leaves by it: a slow disk may have made the reading old.
    .then((committed) => ({ committed, isFresh: performance.now() - reading.readAtMs <= timing.freshReadMs }));
  const { change, ended } = toCommit;
  const inHand: ChangeInHand | undefined =
    change === undefined ? undefined : { ...change, driver, decisions: changing, waiting: living, ageMs: 0 };
  const mayLeave = async (): Promise<void> => {
    const reply = await committing;
    if (reply.committed.kind === 'lane-lost' || !reply.isFresh) throw new NotCommitted();
  };
  const prepared = inHand !== undefined && driver.isOneWrite === true ? prepare(turn, inHand, mayLeave()) : undefined;
  const { committed, isFresh } = await committing;
  if (committed.kind === 'lane-lost') return 'again';
  reached('round-committed');
  wakeItems(turn, round.waiting, ended);
  const next = afterCommit(turn, committed);
  if (inHand === undefined) {
    turn.attempts.count = 0;
    return againAfterMs === undefined ? next : { restMs: againAfterMs, why: 'look-again' };
  }
  return isFresh ? send(turn, inHand, 'fresh', prepared) : send(turn, inHand, 'unsent');
}

/** Parts the items whose time is over or whose receiver is gone from the others. */
async function partDead(
  { context }: Turn,
  waiting: readonly WaitingItem[],
): Promise<{ dead: readonly ItemEnd[]; living: readonly WaitingItem[] }> {
  const { isLive, timing } = context;
  const dead: ItemEnd[] = [];
  const living: WaitingItem[] = [];
  const known = new Map<string, boolean>();
  for (const item of waiting) {
    const { again, nothingSent } =
      item.isMaybeSent === true
        ? { again: ' again', nothingSent: '' }
        : { again: '', nothingSent: '; nothing was sent' };
    if (item.sendWithinMs < 0) {
      const message = `it could not be sent${again} in time: Rancher was away, or the target could not be changed${nothingSent}`;
      dead.push(failedItem(item, 'DEADLINE_EXCEEDED', message));
      continue;
    }
    let isAlive = item.waitedMs <= timing.askAgainAfterMs || known.get(item.receiverId);
    // Rancher away: the reading that follows fails as well, and the item waits on.
    isAlive ??= await isLive(item.projectId, item.receiverId).catch(() => true);
    known.set(item.receiverId, isAlive);
    if (isAlive) living.push(item);
    else {
      const message = `the receiver was removed or paused while its trigger waited${nothingSent}`;
      dead.push(failedItem(item, 'RECEIVER_NOT_FOUND', message));
    }
  }
  return { dead, living };
}

async function couldNotRead(
  turn: Turn,
  error: unknown,
  dead: readonly ItemEnd[],
  living: readonly WaitingItem[],
): Promise<Next> {
  if (!hasCode(error)) throw error;
  if (isFinal(error))
    return endItems(turn, [...dead, ...living.map((item) => failedItem(item, error.code, error.message))]);
  const { store } = turn.context;
  const attempt = { result: 'could not read the target', code: error.code };
  afterCommit(turn, await store.commitRound({ target: turn.target, epoch: turn.epoch, ended: dead, attempt }));
  return restAfter(turn, error);
}

async function endItems(turn: Turn, ended: readonly ItemEnd[]): Promise<Next> {
  return afterCommit(turn, await turn.context.store.commitRound({ target: turn.target, epoch: turn.epoch, ended }));
}

function wakeItems({ context }: Turn, waiting: readonly WaitingItem[], ended: readonly ItemEnd[]): void {
  const items = new Map(waiting.map((item) => [item.itemId, item]));
  for (const end of ended) {
    const item = items.get(end.itemId);
    if (item?.isOnly !== true) continue;
    // The store knows better how one ended that may have been sent before.
    context.waiters.wake(item.executionId, item.isMaybeSent === true ? { kind: 'look-up' } : { kind: 'item', end });
  }
}
