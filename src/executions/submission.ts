import { createHash } from 'node:crypto';
import type { Signal } from '../domain/signal.ts';
import type { Target } from '../domain/target.ts';
import type { AnyDriver, Decision } from '../drivers/driver.ts';
import type { NewExecution, SeenKey } from '../storage/store.ts';
import type { Execution } from './execution.ts';
import type { Ending } from './waiters.ts';

const requestKeyLivesMs = 24 * 3_600_000;

/** What a trigger asks for once its receiver and signal are known. */
export interface Submission {
  readonly projectId: string;
  readonly receiverId: string;
  readonly receiverName: string;
  readonly driver: string;
  readonly config: unknown;
  readonly format: string;
  readonly signal: Signal;
  readonly repeatAfterSeconds: number;
  /** The caller's own `Idempotency-Key`. */
  readonly idempotencyKey: string | undefined;
  /** Where the outcome is to be posted, sealed. */
  readonly callback?: string;
  /** A signature that may count once, for as long as its time is believed. */
  readonly signedOnce?: { readonly text: string; readonly livesForMs: number };
  readonly body: Uint8Array;
  /** The caller's header, as it came. */
  readonly contentType?: string;
  readonly wait: 'applied' | 'settled' | 'respond-async';
}

export interface Submitted {
  readonly execution: Execution;
  /** The same event was told before: this is what became of it then. */
  readonly isDuplicate: boolean;
  /** Only with `wait=settled`, of an execution that has an effect. */
  readonly isSettled?: boolean;
}

/** What one item would come to now. */
export interface Preview {
  readonly target: Target;
  readonly outcome: Decision['outcome'];
  readonly from?: number;
  readonly to?: number;
  readonly message: string;
}

function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('base64url');
}

/**
 * By what the same event would be told again; hashes only. Kept apart by project: who may write objects in one could give a receiver
 * the id of another's, and take the events of its sender.
 */
export function seenKeysOf({
  projectId,
  idempotencyKey,
  signedOnce,
  signal,
  body,
  repeatAfterSeconds,
}: Submission): readonly SeenKey[] {
  if (signal.says === 'ignore') return [];
  const keys: Omit<SeenKey, 'bodyHash'>[] = [];
  if (signedOnce !== undefined)
    keys.push({ kind: 'signature', hash: sha256(projectId, signedOnce.text), livesForMs: signedOnce.livesForMs });
  if (idempotencyKey !== undefined)
    keys.push({ kind: 'request', hash: sha256(projectId, idempotencyKey), livesForMs: requestKeyLivesMs });
  if (signal.dedupeKey !== undefined && repeatAfterSeconds > 0) {
    keys.push({ kind: 'event', hash: sha256(projectId, signal.dedupeKey), livesForMs: repeatAfterSeconds * 1000 });
  }
  if (keys.length === 0) return [];
  const bodyHash = sha256(body);
  return keys.map((key) => ({ ...key, bodyHash }));
}

/** What the driver keeps of the body until it is carried out. */
export function keepBody(
  driver: AnyDriver,
  { body, contentType, executionId }: Submission & { readonly executionId: string },
): { readonly keptBody?: string } {
  if (driver.keepBody === undefined) return {};
  const type = contentType === undefined ? {} : { contentType };
  return { keptBody: driver.keepBody({ executionId, bytes: body, ...type }) };
}

/** The execution as it is right after it was stored. */
export function asAccepted(execution: NewExecution): Execution {
  const { id, projectId, receiverId, receiverName, driver, format, signal, targets } = execution;
  const isIgnored = targets.length === 0;
  const now = new Date().toISOString();
  return {
    id,
    projectId,
    receiverId,
    receiverName,
    driver,
    format,
    reason: signal.reason,
    state: isIgnored ? 'finished' : 'waiting',
    ...(isIgnored ? { outcome: 'ignored' as const, finishedAt: now } : {}),
    message: isIgnored ? signal.reason : '',
    acceptedAt: now,
    items: targets.map((target) => ({ target, state: 'waiting' as const, message: '' })),
    attempts: [],
  };
}

/** A repetition of one that the history does not show any more. */
export function asForgotten(earlier: NewExecution): Execution {
  const message = 'the same event was accepted before; its execution cannot be shown any more';
  return { ...asAccepted({ ...earlier, targets: [] }), outcome: 'duplicate', message };
}

/** The same once its only item has ended. */
export function endedBy(accepted: Execution, { end }: Extract<Ending, { kind: 'item' }>): Execution {
  const { itemId: _item, ...ending } = end;
  const items = accepted.items.map((item) => ({ ...item, ...ending, state: 'finished' as const }));
  return { ...accepted, ...ending, state: 'finished', finishedAt: new Date().toISOString(), items };
}
