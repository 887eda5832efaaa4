import { ServiceError, errorKinds, hasCode, partRemedy } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errors.ts';

/** An error as Rancher spells one, plus what the old service's errors had (`statusCode`). */
export interface ErrorBody {
  readonly type: 'error';
  readonly baseType: 'error';
  /** A number as in Rancher; the old service had the text "Server Error" here. */
  readonly status: number;
  readonly statusCode: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do about it; null when there is nothing to say. */
  readonly detail: string | null;
  readonly fieldName?: string;
  /** Stands in our log beside the cause. Only on 5xx: the rest explains itself. */
  readonly traceId?: string;
  readonly links: Readonly<Record<string, string>>;
  readonly actions: Readonly<Record<string, never>>;
}

/**
 * What a stranger may know of a failure that is not his: never which address or answer of Rancher was involved.
 * PROJECT_NOT_FOUND says what was asked for, as the old service's system test expects.
 */
const publicMessages: Readonly<Partial<Record<ErrorCode, string>>> = {
  RANCHER_UNAUTHORIZED: "this service's own key is refused by Rancher; its operator has to act, /readyz says more",
  RANCHER_UNAVAILABLE: 'Rancher cannot be reached just now; try again',
  RANCHER_RATE_LIMITED: 'Rancher asks for fewer calls just now; try again later',
  STORE_UNAVAILABLE: 'the trigger could not be stored, so nothing was done; try again',
  STORE_IN_DOUBT:
    'it is not known whether the trigger was stored; look at the executions before repeating it, or repeat it with the same Idempotency-Key',
  INTERNAL: 'this is a fault of ours; the operator finds it in the log by the trace id',
};

/** Any thrown value as one of our errors; what is not ours is INTERNAL and keeps its cause. */
export function asServiceError(error: unknown): ServiceError {
  return hasCode(error) ? error : new ServiceError('INTERNAL', 'unexpected fault', { cause: error });
}

const ownersCodes: readonly ErrorCode[] = ['SETTINGS_INVALID', 'TARGET_NOT_FOUND', 'TARGET_UNSUPPORTED'];

/** The status of an error on a trigger: what its owner set wrongly is 422 there, because the caller's request was fine. */
export function triggerStatusOf(error: ServiceError): number {
  return ownersCodes.includes(error.code) ? 422 : error.status;
}

/** The body for an error; `selfUrl` is left out for paths that are not ours to repeat. */
export function errorBody(
  error: ServiceError,
  context: { readonly status: number; readonly traceId: string; readonly selfUrl: string | undefined },
): ErrorBody {
  const { status, traceId, selfUrl } = context;
  const { fieldName } = error.details;
  return {
    type: 'error',
    baseType: 'error',
    status,
    statusCode: status,
    code: error.code,
    ...partRemedy(publicMessages[error.code] ?? error.message),
    ...(fieldName === undefined || fieldName === '' ? {} : { fieldName }),
    ...(status >= 500 ? { traceId } : {}),
    links: selfUrl === undefined ? {} : { self: selfUrl },
    actions: {},
  };
}

/** Seconds a caller should wait, for the errors that pass by themselves. */
export function retryAfterSecondsOf(error: ServiceError): number | undefined {
  // Whoever repeats by himself what may be stored would have it counted twice.
  if (error.code === 'STORE_IN_DOUBT') return undefined;
  return error.details.retryAfterSeconds ?? (errorKinds[error.code].status === 503 ? 5 : undefined);
}
