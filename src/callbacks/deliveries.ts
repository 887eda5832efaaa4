import { hasCode } from '../domain/errors.ts';
import { backoffMs } from '../executions/backoff.ts';
import { toExecution } from '../executions/history.ts';
import type { Sealing } from '../receivers/sealing.ts';
import type { DueCallback, Store } from '../storage/store.ts';
import { openDestination } from './destination.ts';
import { postResult } from './post-result.ts';
import type { PostOptions } from './post-result.ts';

export interface DeliveriesOptions {
  readonly store: Store;
  readonly sealing: Sealing;
  readonly holder: string;
  readonly post: PostOptions;
  readonly log: {
    warn(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
  readonly timing?: Partial<DeliveryTiming>;
}

/** All milliseconds. */
interface DeliveryTiming {
  readonly lookEveryMs: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After this nobody waits for the result any more. */
  readonly giveUpAfterMs: number;
}

const defaultTiming: DeliveryTiming = {
  lookEveryMs: 1_000,
  firstPauseMs: 5_000,
  longestPauseMs: 3_600_000,
  giveUpAfterMs: 24 * 3_600_000,
};
// Longer than an attempt can take, names and all, so that no other replica posts the same one meanwhile.
const leaseMs = 30_000;
const atOnce = 10;

export interface Deliveries {
  /** Waits for what is being posted just now. */
  close(): Promise<void>;
}

/**
 * Posts the outcomes of ended executions to their owners. What is to be posted is in the store, so a restart or a crash
 * loses none; one whose answer was lost is posted again, with the same delivery id.
 */
export function startDeliveries(options: DeliveriesOptions): Deliveries {
  const timing = { ...defaultTiming, ...options.timing };
  const { store, holder, log } = options;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    try {
      const due = await store.claimCallbacks({ holder, leaseMs, limit: atOnce });
      await Promise.all(due.map((one) => deliver(options, timing, one)));
    } catch (error) {
      log.error({ err: error }, 'results could not be posted, will be tried again');
    }
  };
  const run = (): void => {
    if (isClosed) return;
    working = look().finally(() => {
      if (!isClosed) timer = setTimeout(run, timing.lookEveryMs);
    });
  };
  run();
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await working;
    },
  };
}

async function deliver(options: DeliveriesOptions, timing: DeliveryTiming, due: DueCallback): Promise<void> {
  const { store, holder, log } = options;
  const { executionId, attempt, ageMs } = due;
  const what = await attemptOf(options, due);
  if (what.kind === 'posted') {
    await store.settleCallback({ executionId, holder, next: { kind: 'over' } });
    return;
  }
  const facts = { executionId, attempt, reason: what.reason };
  if (what.kind === 'hopeless' || ageMs > timing.giveUpAfterMs) {
    log.error(facts, 'a result could not be posted and is given up');
    await store.settleCallback({ executionId, holder, next: { kind: 'over' } });
    return;
  }
  log.warn(facts, 'a result could not be posted, will be tried again');
  const bounds = { firstMs: timing.firstPauseMs, longestMs: timing.longestPauseMs };
  const afterMs = Math.round(backoffMs(attempt, bounds, Math.random()));
  await store.settleCallback({ executionId, holder, next: { kind: 'again', afterMs } });
}

type Attempted = { readonly kind: 'posted' } | { readonly kind: 'failed' | 'hopeless'; readonly reason: string };

async function attemptOf({ store, sealing, post }: DeliveriesOptions, due: DueCallback): Promise<Attempted> {
  const { executionId, destination } = due;
  const stored = await store.findExecution(executionId);
  if (stored === undefined) return { kind: 'hopeless', reason: 'its execution is not in the history any more' };
  const { attempts: _attempts, ...execution } = toExecution(stored);
  const body = Buffer.from(JSON.stringify({ type: 'execution', ...execution }), 'utf8');
  try {
    const opened = openDestination(destination, sealing);
    const status = await postResult(opened, { executionId, body, atSeconds: Math.floor(Date.now() / 1000) }, post);
    if (status >= 200 && status < 300) return { kind: 'posted' };
    return { kind: status === 410 ? 'hopeless' : 'failed', reason: `it was answered ${String(status)}` };
  } catch (error) {
    if (hasCode(error)) {
      // A key that was put back, or a name that leads elsewhere tomorrow, mends all but a damaged address.
      return { kind: hasCode(error, 'SETTINGS_INVALID') ? 'hopeless' : 'failed', reason: error.message };
    }
    // The library's own message holds the whole address.
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
    return { kind: 'failed', reason: `no answer (${String(typeof code === 'string' ? code : name)})` };
  }
}
