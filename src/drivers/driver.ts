import type * as z from 'zod';
import type { Applied, ErrorCode } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Signal } from '../domain/signal.ts';
import type { Target } from '../domain/target.ts';
import type { CallOptions, Rancher } from '../rancher/rancher.ts';

/** One field of a Rancher API schema (recording a_schemas_service; the old service's in peer-recordings schemas.json). */
export interface ResourceField {
  readonly type: string;
  readonly create?: boolean;
  readonly update?: boolean;
  readonly required?: boolean;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

/** One execution's item that waits on a target, in the order of acceptance. */
export interface Asked<Config> {
  readonly itemId: string;
  readonly config: Config;
  readonly signal: Signal;
  /** What the driver's `keepBody` made of the trigger's body. */
  readonly keptBody?: string;
}

/** A trigger that concerns no target: it ends `ignored`, and the reason is shown and kept in the history. */
interface Untouched {
  readonly reason: string;
}

/** The body of a trigger as it came, and the execution it belongs to. */
export interface TriggerBody {
  readonly executionId: string;
  /** The caller's header, parameters included; absent when there was none. */
  readonly contentType?: string;
  readonly bytes: Uint8Array;
}

/** What was decided for one item. `from` and `to` are containers or hosts, where the driver counts. */
export interface Decision {
  readonly itemId: string;
  /** `change`: it waits for the round's change; `wait`: the target cannot take it yet; otherwise it ends here with this outcome. */
  readonly outcome: 'change' | 'wait' | Outcome;
  readonly from?: number;
  readonly to?: number;
  /** Shown to the caller and kept in the history. */
  readonly message: string;
  /** Set with `failed`. */
  readonly code?: ErrorCode;
}

/** One round of a lane: every waiting item decided, and at most one change for all of them. */
export interface Round<Change> {
  readonly decisions: readonly Decision[];
  readonly change?: Change;
  /** When to decide again what has to `wait`. */
  readonly againAfterMs?: number;
}

/** What the lane knows of a target besides the target itself. */
export interface LaneHistory {
  /** Milliseconds, by the database's clock, since the last change of this target that had an effect; absent when there was none. */
  readonly sinceLastEffectiveChangeMs?: number;
}

/**
 * Where the sending of a change stands (design §5.1, §5.2):
 * `fresh`: nothing was sent, and the target was read within 250 ms: send.
 * `unsent`: nothing was sent, but the read is older: look first; another figure than planned on is `stale`.
 * `doubt`: it may have been sent and may still land: look; nothing may be sent.
 * `settled-doubt`: nothing of it can be under way any more: look, and send again what is missing.
 */
export type SendState = 'fresh' | 'unsent' | 'doubt' | 'settled-doubt';

/**
 * How far a change has come.
 * `done`: it is as the change says, by us or as if by us.
 * `undecided`: only in `doubt`: not visible yet.
 * `stale`: proven not applied, and the target differs from what was planned on: decide again in a new round. With `applied: unknown` it may
 * have been sent and nobody can find out; it is decided again all the same, by a driver that repeats rather than loses.
 * `superseded`: somebody else decided meanwhile.
 * `later`: accepted and under way (machines being made, an upgrade running): the lane is free, `follow` is called after `afterMs`.
 * `failed`: final.
 */
export type Progress =
  | { readonly kind: 'done'; readonly results?: readonly ItemResult[]; readonly message?: string }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'stale'; readonly reason: string; readonly applied?: 'unknown' }
  /** `found`: the target as somebody else left it, as a change, so that a late write of ours can be put right against it. */
  | { readonly kind: 'superseded'; readonly message: string; readonly found?: unknown }
  | { readonly kind: 'later'; readonly afterMs: number; readonly message: string; readonly change?: unknown }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly applied: 'no' | 'unknown';
      readonly message: string;
      readonly results?: readonly ItemResult[];
    };

/** How one item of a change ended when not all ended alike. */
export interface ItemResult {
  readonly itemId: string;
  readonly outcome: Outcome;
  readonly message: string;
  /** What it came to, when that is not what was decided. */
  readonly to?: number;
  /** Set with `failed`. */
  readonly code?: ErrorCode;
  readonly applied?: Applied;
}

/** What `follow` may use. */
export interface FollowContext {
  readonly rancher: Rancher;
  /**
   * Options for every write: `beforeSend` checks, right before the bytes leave, that the lane is still ours and that enough
   * of its lease is left. A write without them could land after another replica has taken the lane.
   */
  readonly write: CallOptions;
  readonly read: CallOptions;
  /** Since the change was committed. */
  readonly ageMs: number;
  /** For how long a write whose answer was lost, and that was sent again, may still land (design §5.2). */
  readonly lateWriteMs: number;
}

/** What `converge` may use. */
export interface ConvergeContext<Change = unknown> extends FollowContext {
  readonly sendState: SendState;
  /** It was sent twice: a first write may still land beside the one that is looked for, whatever is found now. */
  readonly isSentAgain?: boolean;
  /**
   * Earlier changes of this target of which a write was once in doubt and may still land (design §5.2): what one of them has put
   * there meanwhile is not the decision of somebody else. Only of drivers that `repair`.
   */
  readonly late?: readonly Change[];
}

/**
 * What a receiver does (Rancher's "webhook driver"). One file each, registered in `drivers.ts`; `docs/drivers.md` has one row for each.
 *
 * `Config` is the driver's part of the receiver (`<id>Config` in the API), `Snapshot` what one read of a target gives, and
 * `Change` what one round decided, in absolute terms: JSON, stored before anything is sent, safe to converge again after a crash.
 */
export interface Driver<Config, Snapshot, Change> {
  readonly id: string;
  /**
   * Parses `<id>Config` of a receiver. Its issues are read by people: each message begins with the old service's words where it
   * had some (`Invalid amount: 0`), and names value and remedy. Unknown fields are refused, `type` must be the driver's id or absent.
   */
  readonly Config: z.ZodType<Config>;
  /** The fields of `<id>Config` as Rancher's schemas spell them; Rancher 1.6's UI page builds its form from them. */
  readonly resourceFields: Readonly<Record<string, ResourceField>>;
  /** What the installation sets for configs that leave it out, by field; shown with a receiver that does. */
  readonly installationDefaults?: Readonly<Record<string, unknown>>;
  /** From acceptance to send, where a target may be busy for longer than the ten minutes that others wait at most. */
  readonly sendWithinMs?: number;
  /** Whether a trigger's body is needed (`serviceUpgrade`: which image) or only its `fire`. */
  readonly needs: 'fire' | 'image' | 'body';
  /**
   * `ours`: acts only for receivers that this service wrote or that somebody with the right adopted, because any member of a
   * project can write a receiver into Rancher directly; `any`: the driver does nothing that such a member could not do by hand.
   */
  readonly provenance: 'any' | 'ours';
  /**
   * On create, edit and dry run: does the target exist, and can it be changed this way?
   * @throws ServiceError TARGET_NOT_FOUND, TARGET_UNSUPPORTED, or what the client throws.
   */
  check(config: Config, rancher: Rancher): Promise<void>;
  /**
   * Whether a caller, as whom `caller` speaks to Rancher, may do by hand what a receiver with this config does. Receivers run
   * with our key, so nobody may own one that reaches further than he does himself.
   * @throws ServiceError what the client throws.
   */
  isAllowed(config: Config, caller: Rancher): Promise<boolean>;
  /** The format of bodies that none recognises, for receivers that leave the choice open (`format: auto`). */
  formatOf?(config: Config): string;
  /**
   * The targets of one execution; fixed at acceptance. A driver that needs an image gets none only for a dry run.
   * @throws ServiceError, and nothing is stored then.
   */
  targets(config: Config, signal: Signal, rancher: Rancher): Promise<readonly Target[] | Untouched>;
  /**
   * With `needs: 'body'`: what is kept of a body until its execution ends, sealed, because the database is no place for strangers'
   * bodies. It is handed back as `Asked.keptBody` and erased with the end.
   * @throws ServiceError PAYLOAD_TOO_LARGE
   */
  keepBody?(body: TriggerBody): string;
  /** Reads the target once. Never throws for a target that is gone or unsuitable: `plan` decides that per item. */
  read(target: Target, rancher: Rancher, options: CallOptions): Promise<Snapshot>;
  /** Pure: decides everything that waits, in order, on the running figure. */
  plan(asked: readonly Asked<Config>[], snapshot: Snapshot, lane: LaneHistory): Round<Change>;
  /**
   * What a reading shows as long as nobody has touched the target since this change of ours: a guess, on which a decision may be made ready
   * but not made.
   */
  foresee?(latest: Change): Snapshot;
  /** To converge a `fresh` change is one write and nothing before it, so that it may be prepared while the change is being committed. */
  readonly isOneWrite?: boolean;
  /** Safe to repeat. Throws ServiceError as the client does; the lane tells "not applied" from "in doubt" by `details.applied`. */
  converge(change: Change, context: ConvergeContext<Change>): Promise<Progress>;
  /**
   * Looks after a change that answered `later`, again and again until it ends: also after a restart, and by whichever replica.
   * Writes it sends must be safe to repeat; `later` may bring a new `change` to remember. Drivers that never answer `later` have none.
   */
  follow?(change: Change, context: FollowContext): Promise<Progress>;
  /** Whether the target has come to rest (`wait=settled`). */
  isSettled(target: Target, rancher: Rancher, options: CallOptions): Promise<boolean>;
  /**
   * The figure a late write of this change would put there, and the change that puts the right one back (design §5.2);
   * absent for drivers whose writes cannot land twice unnoticed.
   */
  repair?(inDoubt: Change, latest: Change, rancher: Rancher, options: CallOptions): Promise<Change | undefined>;
}

/** A driver as the lists hold it: its types are known only to itself, and what travels between its methods is JSON of its own. */
export type AnyDriver = Driver<unknown, unknown, unknown>;
