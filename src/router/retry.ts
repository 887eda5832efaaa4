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
 * change is never sent again. Asking twice is one retry, unless that one came to nothing: then it is that one which is retried.
 * @throws ServiceError ACTION_NOT_AVAILABLE naming how it ended, RECEIVER_PAUSED, what provenance demands, and what `submit` throws.
 */
export type Retry = (execution: Execution, receiver: Receiver) => Promise<Submitted>;

export function createRetry({ drivers, executions, store, demands, callbackOf }: RetryOptions): Retry {
  const retry: Retry = async (execution, receiver) => {
    const reason = reasonNotRetryable(execution, receiver, drivers);
    if (reason !== undefined) throw reason;
    demands.checkProvenance(receiver);
    const signal = await store.findSignal(execution.id);
    if (signal === undefined) throw notAvailable(`execution ${execution.id} is not in the history any more`);
    const callback = callbackOf(receiver);
    const of = `retry of ${execution.id}`;
    const submitted = await executions.submit({
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
    const { isDuplicate, execution: latest } = submitted;
    const cameToNothing = latest.outcome === 'limit-reached' || latest.outcome === 'cooling-down';
    return isDuplicate && cameToNothing ? retry(latest, receiver) : submitted;
  };
  return retry;
}

/** Why this execution of the receiver cannot be retried now; undefined: it can. */
export function reasonNotRetryable(
  execution: Execution,
  receiver: Receiver,
  drivers: readonly AnyDriver[],
): ServiceError | undefined {
  const { id, outcome } = execution;
  if (!isRetryable(execution)) {
    const how = outcome === undefined ? 'has not ended' : `ended as ${outcome}`;
    return notAvailable(
      `execution ${id} ${how}; only ${retryableOutcomes.join(', ')} ones can be retried, trigger it anew instead`,
    );
  }
  if (drivers.find((driver) => driver.id === receiver.driver)?.needs === 'body') {
    return notAvailable(
      `execution ${id} passed a body on, which is not kept once it has ended; let the sender send it again`,
    );
  }
  if (receiver.driver !== execution.driver) {
    return notAvailable(
      `receiver ${receiver.name} has the driver ${receiver.driver} by now, and this was of ${execution.driver}; trigger it anew instead`,
    );
  }
  if (receiver.state !== 'paused') return undefined;
  return new ServiceError('RECEIVER_PAUSED', `receiver ${receiver.name} is paused; resume it and retry then`);
}

function notAvailable(message: string): ServiceError {
  return new ServiceError('ACTION_NOT_AVAILABLE', message, { fieldName: 'action' });
}
