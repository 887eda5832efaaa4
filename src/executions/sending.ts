import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasCode, ServiceError, type ErrorCode } from '../domain/errors.ts';
import { projectOf } from '../domain/target.ts';
import type { AnyDriver, Decision, Progress, SendState } from '../drivers/driver.ts';
import type { ChangeToClose, LateWrite, OpenChange, WaitingItem } from '../storage/rounds.ts';
import { LeaseTooShort, writeWithin } from './lease.ts';
import { afterCommit, endOf, isFinal, restAfter, type Next, type Turn } from './turn.ts';

/** A committed change, about to be sent or found unfinished. */
export interface ChangeInHand {
  readonly changeId: string;
  readonly body: unknown;
  readonly driver: AnyDriver;
  /** What was decided for the items that wait for it; empty for a change of before a restart. */
  readonly decisions: readonly Decision[];
  readonly waiting: readonly WaitingItem[];
  readonly ageMs: number;
  /** A write of it may be under way besides the one about to be sent, or looked for. */
  readonly isSentAgain?: boolean;
  /** Earlier changes of which a write may still land; what they put there is ours. */
  readonly late?: LateWrite;
}

/**
 * Builds the write of a fresh change while its commit is under way; it leaves once `committed` is fulfilled, and never when that
 * rejects. A tenth of what a trigger costs above Rancher's own time is saved by it (docs/adr/0031).
 */
export function prepare(turn: Turn, change: ChangeInHand, committed: Promise<unknown>): Promise<Progress> {
  // The commit leaves first: asked for in this turn of the event loop, it would else wait until the write is built.
  const progress = nextTurn().then(() => converge(turn, change, 'fresh', committed));
  // `send` asks for it, and nobody does when the change was not committed.
  progress.catch(() => undefined);
  committed.catch(() => undefined);
  return progress;
}

/** Carries a change out, or goes on with one that was prepared, and closes it or notes that it is in doubt (design §5.1-5.4). */
export async function send(
  turn: Turn,
  change: ChangeInHand,
  sendState: SendState,
  prepared?: Promise<Progress>,
): Promise<Next> {
  let progress: Progress;
  try {
    progress = await (prepared ?? converge(turn, change, sendState));
  } catch (error) {
    return sendingFailed(turn, change, error, sendState);
  }
  turn.context.reached('replied');
  return conclude(turn, change, progress, sendState);
}

async function converge(
  { context, target, mayWriteUntilMs }: Turn,
  change: ChangeInHand,
  sendState: SendState,
  committed?: Promise<unknown>,
): Promise<Progress> {
  const { rancher, reached } = context;
  return change.driver.converge(change.body, {
    rancher: rancher(projectOf(target)),
    sendState,
    ...(change.isSentAgain === undefined ? {} : { isSentAgain: change.isSentAgain }),
    ...(change.late === undefined ? {} : { late: change.late.inDoubt }),
    ageMs: change.ageMs,
    lateWriteMs: context.timing.lateWriteMs,
    read: {},
    write: writeWithin(mayWriteUntilMs, () => reached('sending'), committed),
  });
}

async function conclude(turn: Turn, change: ChangeInHand, progress: Progress, sendState: SendState): Promise<Next> {
  const late = lateWrite(turn, change, sendState);
  switch (progress.kind) {
    case 'done': {
      turn.written();
      const isTold = wakeCallers(turn, change, progress);
      // Their answers leave first: to hand the commit to the store takes as long as to write one.
      await nextTurn();
      return close(
        turn,
        change,
        { result: 'done' },
        {
          kind: 'ended',
          state: 'done',
          outcome: 'scaled',
          ...(progress.results === undefined ? {} : { items: progress.results }),
          ...late,
        },
        isTold,
      );
    }
    case 'undecided':
      return noteDoubt(turn, change, { result: 'not visible yet' }, doubtAfter(turn, sendState));
    case 'stale': {
      const { reason, applied } = progress;
      const end = { kind: 'dropped', ...(applied === undefined ? {} : { applied }) } as const;
      return close(turn, change, { result: `decided again: ${reason}` }, end);
    }
    case 'superseded': {
      const { message, found } = progress;
      const end = { kind: 'ended', state: 'superseded', outcome: 'superseded', code: 'SUPERSEDED', message } as const;
      const latest = found === undefined ? {} : { latest: found };
      return close(turn, change, { result: message, code: 'SUPERSEDED' }, { ...end, ...latest, ...late });
    }
    case 'failed': {
      const { code, message, applied } = progress;
      return close(
        turn,
        change,
        { result: message, code },
        { kind: 'ended', state: 'failed', outcome: 'failed', code, applied, message },
      );
    }
    case 'later': {
      const { afterMs, message } = progress;
      const body = progress.change === undefined ? {} : { body: progress.change };
      const next = await close(turn, change, { result: message }, { kind: 'following', afterMs, message, ...body });
      // Rancher has accepted it, and that is what callers wait for: the rest takes minutes (design §2.5).
      for (const { executionId, isOnly } of change.waiting)
        if (isOnly) turn.context.waiters.wake(executionId, { kind: 'look-up' });
      return next;
    }
  }
}

async function sendingFailed(turn: Turn, change: ChangeInHand, error: unknown, sendState: SendState): Promise<Next> {
  const isSentBefore = sendState === 'settled-doubt';
  if (error instanceof LeaseTooShort) {
    const attempt = { result: 'too little of the lease was left to send' };
    return isSentBefore
      ? noteDoubt(turn, change, attempt, nothingSent)
      : close(turn, change, attempt, { kind: 'dropped' });
  }
  if (!hasCode(error)) throw error;
  const { code, message, details } = error;
  if (details.applied === 'unknown') {
    // A complete 500 of Rancher itself has ended; everything else may be under way for as long as a call may last.
    const doubt = { ...doubtAfter(turn, sendState), ...(details.rancherStatus === 500 ? { doubtMs: 0 } : {}) };
    return noteDoubt(turn, change, { result: 'in doubt', code }, doubt);
  }
  const attempt = { result: 'not applied', code };
  if (isFinal(error)) {
    const applied = isSentBefore ? 'unknown' : 'no';
    return close(turn, change, attempt, { kind: 'ended', state: 'failed', outcome: 'failed', code, applied, message });
  }
  // Only the second sending is proven not applied. Decided anew, its items would count twice once the first one lands.
  if (isSentBefore) await noteDoubt(turn, change, attempt, nothingSent);
  else await close(turn, change, attempt, { kind: 'dropped' });
  return restAfter(turn, error);
}

/** Whatever had to be sent again, or was overtaken, has a write that may still land. */
function lateWrite(
  { context }: Turn,
  change: ChangeInHand,
  sendState: SendState,
): { readonly lateWriteForMs?: number } {
  const mayLand = sendState === 'settled-doubt' || change.isSentAgain === true;
  return mayLand ? { lateWriteForMs: context.timing.lateWriteMs } : {};
}

interface Doubt {
  readonly doubtMs: number;
  readonly isSentAgain: boolean;
}

/** Of a write that was about to follow one in doubt, and did not. */
const nothingSent: Doubt = { doubtMs: 0, isSentAgain: false };

function doubtAfter({ context }: Turn, sendState: SendState): Doubt {
  return { doubtMs: context.timing.rancherTimeoutMs, isSentAgain: sendState === 'settled-doubt' };
}

async function noteDoubt(
  turn: Turn,
  change: ChangeInHand,
  attempt: { readonly result: string; readonly code?: ErrorCode },
  doubt: Doubt,
): Promise<Next> {
  const { store, reached, log } = turn.context;
  log.warn({ target: turn.target, change: change.changeId, code: attempt.code }, 'a write is in doubt, looking');
  const committed = await store.markDoubt({
    target: turn.target,
    epoch: turn.epoch,
    changeId: change.changeId,
    ...doubt,
    attempt,
  });
  reached('doubt-noted');
  return afterCommit(turn, committed);
}

/** A change whose sending is not known to have ended: of a crash, of another holder, or of a lost reply (design §5.2). */
export async function settleDoubt(turn: Turn, open: OpenChange, late: LateWrite | undefined): Promise<Next> {
  const { drivers, timing, reached } = turn.context;
  const driver = drivers.get(open.driver);
  if (driver === undefined) {
    throw new ServiceError(
      'INTERNAL',
      `driver ${open.driver} of an unfinished change is not part of this version; go back to the one that began it`,
    );
  }
  const change: ChangeInHand = {
    changeId: open.changeId,
    body: open.body,
    driver,
    decisions: [],
    waiting: [],
    ageMs: open.ageMs,
    isSentAgain: open.isSentAgain,
    ...(late === undefined ? {} : { late }),
  };
  const isTooLate = open.ageMs > timing.sendWithinMs;
  // Too late to be sent again; what became of it is looked at all the same, or a long stop would end as unknown what is done.
  const sendState = isTooLate || open.doubtForMs > 0 ? 'doubt' : 'settled-doubt';
  let progress: Progress;
  try {
    progress = await converge(turn, change, sendState);
  } catch (error) {
    const isOfWrite = error instanceof LeaseTooShort || (hasCode(error) && error.details.applied !== undefined);
    if (isOfWrite) return sendingFailed(turn, change, error, sendState);
    if (!hasCode(error)) throw error;
    return isTooLate ? giveUp(turn, change) : restAfter(turn, error);
  }
  reached('doubt-looked-at');
  if (progress.kind === 'undecided' && isTooLate) return giveUp(turn, change);
  if (progress.kind === 'undecided' && sendState === 'doubt')
    return { restMs: Math.min(open.doubtForMs + 1, timing.lookAgainMs), why: 'look-again' };
  return conclude(turn, change, progress, sendState);
}

async function giveUp(turn: Turn, change: ChangeInHand): Promise<Next> {
  const message =
    'it is not known whether the change was applied, and it is too late to send it again; look at the target before repeating it';
  const end = { state: 'failed', outcome: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'unknown', message } as const;
  return close(turn, change, { result: message, code: 'DEADLINE_EXCEEDED' }, { kind: 'ended', ...end });
}

async function close(
  turn: Turn,
  change: ChangeInHand,
  attempt: ChangeToClose['attempt'],
  end: ChangeToClose['end'],
  isTold = false,
): Promise<Next> {
  const { store, reached } = turn.context;
  const committed = await store.closeChange({
    target: turn.target,
    epoch: turn.epoch,
    changeId: change.changeId,
    attempt,
    end,
    isTold,
  });
  reached('change-closed');
  if (end.kind === 'ended') turn.attempts.count = 0;
  return afterCommit(turn, committed);
}

/**
 * Answers callers as soon as Rancher has confirmed. The commit that notes it follows; a crash between the two finds the
 * figure as the change says and ends it alike. Tells whether nobody else can be waiting.
 */
function wakeCallers({ context }: Turn, change: ChangeInHand, progress: Extract<Progress, { kind: 'done' }>): boolean {
  if (progress.results !== undefined) return false;
  const decisions = new Map(change.decisions.map((decision) => [decision.itemId, decision]));
  for (const { itemId, executionId, isOnly } of change.waiting) {
    const decision = decisions.get(itemId);
    if (decision !== undefined && isOnly) context.waiters.wake(executionId, { kind: 'item', end: endOf(decision) });
  }
  // Of a change of before a restart nothing is known here: its callers may be anywhere.
  return (
    change.waiting.length > 0 && change.waiting.every(({ isOnly, isOfOneCaller }) => isOnly && isOfOneCaller === true)
  );
}
