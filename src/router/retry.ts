import { ServiceError } from '../domain/errors.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import type { Execution } from '../executions/execution.ts';
import type { Executions } from '../executions/executions.ts';
import type { Submitted } from '../executions/submission.ts';
import { isRetryable, retryableOutcomes } from '../executions/possible-actions.ts';
import type { Receiver } from '../receivers/receiver.ts';
import type { Store } from '../storage/store.ts';
import type { Demands } from './demands.ts';

export interface RetryOptions {
  readonly drivers: readonly AnyDriver[];
  readonly executions: Pick<Executions, 'submit'>;
  readonly store: Pick<Store, 'findSignal'>;
  readonly demands: Pick<Demands, 'checkProvenance'>;
  /** Where a receiver's outcomes are posted, as an execution carries it. */
  readonly callbackOf: (receiver: Receiver) => string | undefined;
}

/**
 * Asks once more for what an execution was asked for: a new execution of the receiver as it is now, decided anew; the old
 * change is never sent again. Asking twice is one retry, unless that one failed without effect.
 * @throws ServiceError ACTION_NOT_AVAILABLE naming how it ended, RECEIVER_PAUSED, what provenance demands, and what `submit` throws.
 */
export type Retry = (execution: Execution, receiver: Receiver) => Promise<Submitted>;

/** The driver of such receivers does not keep what it would need again. */
export function keepsNothingToRetry(drivers: readonly AnyDriver[], driverId: string): boolean {
  return drivers.find(({ id }) => id === driverId)?.needs === 'body';
}

export function createRetry({ drivers, executions, store, demands, callbackOf }: RetryOptions): Retry {
  return async (execution, receiver) => {
    requirePossible(execution, receiver, drivers);
    demands.checkProvenance(receiver);
    const signal = await store.findSignal(execution.id);
    if (signal === undefined) throw notAvailable(`execution ${execution.id} is not in the history any more`);
    const callback = callbackOf(receiver);
    const of = `retry of ${execution.id}`;
    return executions.submit({
      projectId: receiver.projectId,
      receiverId: receiver.id,
      receiverName: receiver.name,
      driver: receiver.driver,
      config: receiver.config,
      format: execution.format,
      signal: { ...signal, reason: `${of}: ${signal.reason.replace(/^retry of \w+: /, '')}` },
      // The event was told before; that it is wanted again is the point.
      repeatAfterSeconds: 0,
      // No header can hold the first character, so no caller's own key is ever this one.
      idempotencyKey: `\0${of}`,
      ...(callback === undefined ? {} : { callback }),
      body: new Uint8Array(),
      wait: 'applied',
    });
  };
}

function requirePossible(execution: Execution, receiver: Receiver, drivers: readonly AnyDriver[]): void {
  if (!isRetryable(execution)) {
    const how = execution.outcome === undefined ? 'has not ended' : `ended as ${execution.outcome}`;
    throw notAvailable(
      `execution ${execution.id} ${how}; only ${retryableOutcomes.join(', ')} ones can be retried, trigger it anew instead`,
    );
  }
  if (keepsNothingToRetry(drivers, receiver.driver)) {
    throw notAvailable(
      `execution ${execution.id} passed a body on, which is not kept once it has ended; let the sender send it again`,
    );
  }
  if (receiver.driver !== execution.driver) {
    throw notAvailable(
      `receiver ${receiver.name} has the driver ${receiver.driver} by now, and this was of ${execution.driver}; trigger it anew instead`,
    );
  }
  if (receiver.state === 'paused') {
    throw new ServiceError('RECEIVER_PAUSED', `receiver ${receiver.name} is paused; resume it and retry then`);
  }
}

function notAvailable(message: string): ServiceError {
  return new ServiceError('ACTION_NOT_AVAILABLE', message, { fieldName: 'action' });
}
