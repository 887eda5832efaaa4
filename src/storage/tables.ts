import type { Generated } from 'kysely';

// Times are milliseconds since 1970 by the database's clock. JSON is text, so that both engines hold the same bytes.

export interface LanesTable {
  target: string;
  /** Bumped whenever the lane is taken; every commit of a holder says `WHERE epoch = mine`. */
  epoch: number;
  holder: string;
  lease_until: number;
  /** The end of the lease it was taken from; null once its holder has kept it. */
  taken_from: number | null;
  /** When the last change that had an effect was finished. */
  last_effective_at: number | null;
  /** A change whose write was once in doubt, and may land late until `doubt_until` (design §5.2). */
  doubt_change: string | null;
  doubt_until: number | null;
  /** The last finished change, against which a late write is recognised. */
  latest_change: string | null;
}

export interface ExecutionsTable {
  /** Order of acceptance. */
  seq: Generated<number>;
  id: string;
  project_id: string;
  receiver_id: string;
  receiver_name: string;
  driver: string;
  format: string;
  /** The driver's config as it was when the trigger was accepted. */
  config: string;
  signal: string;
  state: 'waiting' | 'finished';
  outcome: string | null;
  message: string;
  code: string | null;
  applied: string | null;
  scale_from: number | null;
  scale_to: number | null;
  accepted_at: number;
  item_count: number;
  /** After this moment it is not sent any more. */
  send_before: number;
  finished_at: number | null;
  /** What its driver keeps of the body, sealed; null once it has ended. */
  kept_body: string | null;
}

export interface ItemsTable {
  id: string;
  execution_id: string;
  /** Copied from the execution: items are decided in this order. */
  seq: number;
  target: string;
  state: 'waiting' | 'under-way' | 'finished';
  change_id: string | null;
  /** 1 once a change of it was dropped although it may have been sent: it is never told again that nothing was. */
  maybe_sent: Generated<number>;
  outcome: string | null;
  message: string;
  code: string | null;
  applied: string | null;
  scale_from: number | null;
  scale_to: number | null;
}

export interface ChangesTable {
  id: string;
  target: string;
  driver: string;
  /** What the driver decided, in absolute terms. */
  body: string;
  /** `sending`: it may be on the wire; `following`: accepted and under way; the rest is final. */
  state: 'sending' | 'following' | 'done' | 'superseded' | 'failed' | 'dropped';
  created_at: number;
  /** Until then a write of it may still be under way; set when doubt is known. */
  doubt_until: number | null;
  /** 1 when it was sent more than once, or may have been. */
  sent_again: number;
  /** For `following`: who looks after it, until when, and when next. */
  holder: string | null;
  lease_until: number | null;
  next_attempt_at: number | null;
}

export interface AttemptsTable {
  seq: Generated<number>;
  target: string;
  change_id: string | null;
  at: number;
  result: string;
  code: string | null;
}

/** Keys by which the same event is told again: `event` (a format's dedupe key), `request` (`Idempotency-Key`), `signature` (counts once). */
interface SeenKeysTable {
  receiver_id: string;
  kind: 'event' | 'request' | 'signature';
  /** SHA-256; the sender's text is not kept. */
  hash: string;
  body_hash: string;
  execution_id: string;
  expires_at: number;
}

/** Where the outcome of an execution is to be posted; gone once that is done or given up. */
interface CallbacksTable {
  execution_id: string;
  /** Sealed by whoever stored it. */
  destination: string;
  attempts: number;
  ended_at: number | null;
  /** Null until the execution has ended. */
  next_attempt_at: number | null;
  holder: string | null;
  lease_until: number | null;
}

/** Which installation the database belongs to: one row. */
interface InstallationTable {
  /** Always 1. */
  only: number;
  id: string;
}

export interface Tables {
  installation: InstallationTable;
  callbacks: CallbacksTable;
  lanes: LanesTable;
  executions: ExecutionsTable;
  items: ItemsTable;
  changes: ChangesTable;
  attempts: AttemptsTable;
  seen_keys: SeenKeysTable;
}
