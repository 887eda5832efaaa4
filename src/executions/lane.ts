import { setTimeout as pause } from 'node:timers/promises';
import { hasCode } from '../domain/errors.ts';
import type { Target } from '../domain/target.ts';
import type { HeldLane, LaneElsewhere } from '../storage/rounds.ts';
import { backoffMs } from './backoff.ts';
import type { LaneContext } from './lane-context.ts';
import { decideRound, readTarget, type EarlyReading } from './round.ts';
import { watchLateWrite } from './repairing.ts';
import { settleDoubt } from './sending.ts';
import type { Next, Turn } from './turn.ts';

interface ReadEarly extends EarlyReading {
  /** Of the last round that this process held when the reading was begun. */
  readonly afterEpoch: number | undefined;
}

/** A round that was opened together with the acceptance of a trigger. */
export interface OpenedRound {
  readonly round: HeldLane | LaneElsewhere;
  /** When it was asked for, by the monotonic clock: the lease counts from there. */
  readonly askedMs: number;
}

/**
 * The queue of one target in this process: one turn at a time, one timer. Whoever holds the lane in the store takes
 * everything that waits there and serves what other replicas accepted as well.
 */
export class Lane {
  readonly #context: LaneContext;
  readonly #target: Target;
  readonly #attempts = { count: 0 };
  readonly #crowd = { size: 0 };
  #working: Promise<void> | undefined;
  /** Of the last round that this process held. */
  #epoch: number | undefined;
  /** From this one on all of them were this process's. */
  #aloneFromEpoch = Infinity;
  #crowdSeenMs = 0;
  #isWanted = false;
  #timer: NodeJS.Timeout | undefined;
  #early: ReadEarly | undefined;
  /** The turn under way has ended its write; only the commit that notes so is left of it. */
  #isWritten = false;
  #isBackingOff = false;
  #expected = 0;
  #arrivals = 0;
  #isClosed = false;

  constructor(context: LaneContext, target: Target) {
    this.#context = context;
    this.#target = target;
  }

  /** No other replica had the lane between the last two rounds of this process. */
  get #isAlone(): boolean {
    return !this.#context.store.isShared || this.#aloneFromEpoch < (this.#epoch ?? 0);
  }

  /** A new trigger would be taken up at once, and a reading begun now shows the target as its round will find it. */
  get #isFree(): boolean {
    return (this.#working === undefined && !this.#isBackingOff) || this.#isWritten;
  }

  /**
   * Nothing is being done, planned or expected: the object can be forgotten. A second object for the same target beside one
   * that somebody still holds would begin a turn of its own, and both would write.
   */
  get isIdle(): boolean {
    return this.#working === undefined && this.#timer === undefined && this.#expected === 0;
  }

  /**
   * Somebody is about to poke; `work` is what he does before. Only the first who comes to a free lane may open its round on
   * the way: each opening reads all that waits, and a thousand triggers of one moment would each read the thousand.
   */
  async expecting<T>(work: (mayOpen: boolean) => Promise<T>): Promise<T> {
    const mayOpen = this.#isFree && this.#expected === 0 && !this.#isCrowded();
    this.#expected += 1;
    this.#arrivals += 1;
    try {
      return await work(mayOpen);
    } finally {
      this.#expected -= 1;
      if (this.#expected === 0 && this.#working === undefined) this.#early = undefined;
    }
  }

  /**
   * Begins to read the target while the trigger is still being stored. Not where other replicas serve the lane as well: what
   * they write meanwhile would make the reading useless (see `#isAloneSince`), and each trigger would cost Rancher a call more.
   */
  readEarly(driverId: string): void {
    const driver = this.#context.drivers.get(driverId);
    if (driver === undefined || !this.#isAlone || !this.#isFree || this.#early !== undefined) return;
    const reading = readTarget({ context: this.#context, target: this.#target }, driver);
    let isThere = false;
    const noteIt = (): void => void (isThere = true);
    // Nobody may come for it (the store refused the trigger); its failure is then of no interest.
    reading.then(noteIt, noteIt);
    this.#early = { reading, isThere: () => isThere, afterEpoch: this.#epoch };
  }

  /** Something waits here, or is due. */
  poke(opened?: OpenedRound): void {
    if (this.#isClosed && opened?.round.kind === 'held') void this.#release(opened.round.epoch);
    if (this.#isClosed || this.#isBackingOff) return;
    if (this.#working !== undefined) {
      this.#isWanted = true;
      return;
    }
    this.#stopTimer();
    this.#working = this.#work(opened).finally(() => {
      this.#working = undefined;
      this.#isWritten = false;
      if (!this.#isWanted) {
        if (this.#expected === 0) this.#early = undefined;
        return;
      }
      this.#isWanted = false;
      this.poke();
    });
  }

  /** Waits for what is being done just now; nothing new is begun, and another replica need not wait for our lease. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isWanted = false;
    this.#stopTimer();
    await this.#working;
    if (this.#epoch !== undefined) await this.#release(this.#epoch);
  }

  async #release(epoch: number): Promise<void> {
    const { store, log } = this.#context;
    try {
      await store.releaseLane({ target: this.#target, epoch });
    } catch (error) {
      log.warn({ err: error, target: this.#target }, 'a lane could not be given up, its lease will run out');
    }
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isBackingOff = false;
  }

  async #work(opened: OpenedRound | undefined): Promise<void> {
    let next: Next = 'again';
    let round = opened;
    while (next === 'again' && !this.#isClosed) {
      if (round === undefined) await this.#gather();
      next = await this.#guarded(round);
      round = undefined;
      this.#crowdSeenMs = performance.now();
    }
    if (typeof next === 'string' || this.#isClosed) return;
    this.#isBackingOff = next.why === 'backoff';
    this.#timer = setTimeout(() => {
      this.#stopTimer();
      this.poke();
    }, next.restMs);
  }

  /**
   * Waits for a crowd to be complete. Those who were just answered come again, one after the other as fast as this process
   * can take them; decided in twos and threes they would cost Rancher two calls each time.
   */
  async #gather(): Promise<void> {
    const { gatherMs, gatherLongestMs } = this.#context.timing;
    if (!this.#isCrowded()) return;
    const untilMs = performance.now() + gatherLongestMs;
    let seen: number;
    do {
      seen = this.#arrivals;
      await pause(gatherMs);
    } while (this.#arrivals > seen && performance.now() < untilMs && !this.#isClosed);
  }

  #isCrowded(): boolean {
    return this.#crowd.size > 1 && performance.now() - this.#crowdSeenMs < this.#context.timing.gatherLongestMs;
  }

  async #guarded(opened: OpenedRound | undefined): Promise<Next> {
    const { timing, log, random } = this.#context;
    try {
      return await this.#context.gate.run(() => this.#turn(opened));
    } catch (error) {
      // The store is away, or a fault of ours: what waits is kept, and everybody who waits for an answer gets 202.
      this.#attempts.count += 1;
      const bounds = { firstMs: timing.retryFirstMs, longestMs: timing.retryLongestMs };
      const restMs = backoffMs(this.#attempts.count, bounds, random());
      log.error(
        { err: error, target: this.#target, code: hasCode(error) ? error.code : 'INTERNAL', restMs },
        'a lane stopped, will be tried again',
      );
      return { restMs, why: 'backoff' };
    }
  }

  async #turn(opened: OpenedRound | undefined): Promise<Next> {
    const { store, holder, timing, reached } = this.#context;
    this.#isWritten = false;
    const askedMs = opened?.askedMs ?? performance.now();
    const asked = { target: this.#target, holder, leaseMs: timing.leaseMs, doubtMs: timing.rancherTimeoutMs };
    const round = opened?.round ?? (await store.openRound(asked));
    if (round.kind === 'held') this.#noteHeld(round.epoch);
    // Where nothing is done, what was read stays good for the trigger that it was read for, and that is not stored yet.
    if (round.kind === 'held' && isEmpty(round)) {
      reached('round-opened');
      await store.releaseLane({ target: this.#target, epoch: round.epoch });
      return 'rest';
    }
    const early = this.#early;
    this.#early = undefined;
    if (round.kind === 'elsewhere') return { restMs: round.leaseLeftMs + 1, why: 'look-again' };
    reached('round-opened');
    const turn: Turn = {
      context: this.#context,
      target: this.#target,
      epoch: round.epoch,
      mayWriteUntilMs: askedMs + timing.leaseMs - timing.rancherTimeoutMs,
      attempts: this.#attempts,
      crowd: this.#crowd,
      written: () => {
        this.#isWritten = true;
      },
    };
    if (round.open !== undefined) return settleDoubt(turn, round.open, round.lateWrite);
    if (round.waiting.length === 0 && round.lateWrite !== undefined) return watchLateWrite(turn, round.lateWrite);
    const isUsable = early !== undefined && this.#isAloneSince(early.afterEpoch);
    return decideRound(turn, round, isUsable ? early : undefined);
  }

  #noteHeld(epoch: number): void {
    if (epoch - 1 !== this.#epoch) this.#aloneFromEpoch = epoch;
    this.#epoch = epoch;
  }

  /**
   * Whether nobody else can have written since our round of epoch `before`. Each taking of a lane raises its epoch by one: where all since
   * then were ours, no other replica had the lane. A reading begun after that round then shows what is there; any other might be
   * older than a step of another replica, which would be overwritten.
   */
  #isAloneSince(before: number | undefined): boolean {
    return !this.#context.store.isShared || (before !== undefined && before >= this.#aloneFromEpoch);
  }
}

/** Nothing waits, and nothing is under way or in doubt. */
function isEmpty({ open, waiting, lateWrite }: HeldLane): boolean {
  return open === undefined && waiting.length === 0 && lateWrite === undefined;
}
