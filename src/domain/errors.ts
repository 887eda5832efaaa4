/** Who has to act on an error, and what it looks like from outside. */
interface ErrorKind {
  /** `sender`: who called; `owner`: who made the receiver; `operator`: who runs the service; `rancher`: it may pass by itself; `us`: a fault of ours. */
  readonly whose: 'sender' | 'owner' | 'operator' | 'rancher' | 'us';
  /** HTTP status on our own API. */
  readonly status: number;
}

/** The closed list of codes. `docs/errors.md` has one row for each (a repository test compares both ways). */
export const errorKinds = {
  RECEIVER_NOT_FOUND: { whose: 'sender', status: 403 },
  RECEIVER_PAUSED: { whose: 'sender', status: 403 },
  TRIGGER_UNAUTHENTICATED: { whose: 'sender', status: 401 },
  TRIGGER_REPLAYED: { whose: 'sender', status: 401 },
  TRIGGER_INVALID: { whose: 'sender', status: 400 },
  SOURCE_NOT_ALLOWED: { whose: 'sender', status: 403 },
  RATE_LIMITED: { whose: 'sender', status: 429 },
  RECEIVER_UNVERIFIED: { whose: 'owner', status: 422 },
  PAYLOAD_MALFORMED: { whose: 'sender', status: 400 },
  PAYLOAD_TOO_LARGE: { whose: 'sender', status: 413 },
  PAYLOAD_ENCODED: { whose: 'sender', status: 415 },
  PAYLOAD_INCOMPLETE: { whose: 'sender', status: 400 },
  IDEMPOTENCY_KEY_REUSED: { whose: 'sender', status: 422 },
  REQUEST_INVALID: { whose: 'sender', status: 400 },
  UNAUTHORIZED: { whose: 'sender', status: 401 },
  FORBIDDEN: { whose: 'sender', status: 403 },
  NOT_FOUND: { whose: 'sender', status: 404 },
  METHOD_NOT_ALLOWED: { whose: 'sender', status: 405 },
  ACTION_NOT_AVAILABLE: { whose: 'sender', status: 422 },
  PROJECT_NOT_FOUND: { whose: 'sender', status: 500 },
  NAME_TAKEN: { whose: 'owner', status: 400 },
  SETTINGS_INVALID: { whose: 'owner', status: 400 },
  SECRET_UNKNOWN: { whose: 'owner', status: 400 },
  ADDRESS_REFUSED: { whose: 'owner', status: 400 },
  TARGET_NOT_FOUND: { whose: 'owner', status: 400 },
  TARGET_UNSUPPORTED: { whose: 'owner', status: 400 },
  HOST_KEY_MISSING: { whose: 'operator', status: 422 },
  HOST_FAILED: { whose: 'owner', status: 422 },
  RANCHER_UNAUTHORIZED: { whose: 'operator', status: 503 },
  RANCHER_NOT_FOUND: { whose: 'owner', status: 422 },
  RANCHER_REJECTED: { whose: 'owner', status: 422 },
  RANCHER_CONFLICT: { whose: 'rancher', status: 409 },
  RANCHER_RATE_LIMITED: { whose: 'rancher', status: 503 },
  RANCHER_UNAVAILABLE: { whose: 'rancher', status: 503 },
  LIMIT_REACHED: { whose: 'sender', status: 400 },
  SUPERSEDED: { whose: 'rancher', status: 409 },
  PARTIAL: { whose: 'rancher', status: 409 },
  FORWARD_NOT_AVAILABLE: { whose: 'operator', status: 400 },
  FORWARD_FAILED: { whose: 'owner', status: 422 },
  CANCELLED: { whose: 'owner', status: 422 },
  DEADLINE_EXCEEDED: { whose: 'rancher', status: 422 },
  SEALING_KEY_CHANGED: { whose: 'operator', status: 422 },
  SEALING_KEY_UNUSABLE: { whose: 'operator', status: 503 },
  STORE_UNAVAILABLE: { whose: 'operator', status: 503 },
  STORE_IN_DOUBT: { whose: 'operator', status: 503 },
  OVERLOADED: { whose: 'operator', status: 503 },
  INTERNAL: { whose: 'us', status: 500 },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/** Whether a request that failed may have changed something: `no` is proven, `unknown` means it must be looked up. */
export type Applied = 'no' | 'unknown';

export interface ErrorDetails {
  readonly cause?: unknown;
  /** The field of the request that is wrong, as the API spells it (`scaleServiceConfig.amount`). */
  readonly fieldName?: string;
  /** Only for errors of a write to Rancher. */
  readonly applied?: Applied;
  /** Only for errors of the store: the answer was lost on the way, and what was asked may have been done. */
  readonly isInDoubt?: boolean;
  /** HTTP status Rancher answered with, when it answered at all. */
  readonly rancherStatus?: number;
  /** Rancher's own error code (`Conflict`, `MinLimitExceeded`, …). */
  readonly rancherCode?: string;
  /** Seconds after which the caller may try again. */
  readonly retryAfterSeconds?: number;
}

/**
 * The one error of this service. Its code decides every reaction; nobody reads the message to decide anything.
 * Messages are lower case, without a final period, name value and remedy, and never hold a secret or a full URL. A value may
 * be a megabyte of somebody's: what is too long is cut, and the remedy stays.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(shortened(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    const { fieldName } = details;
    this.details = fieldName === undefined ? details : { ...details, fieldName: cut(fieldName, longestFieldName) };
  }

  get status(): number {
    return errorKinds[this.code].status;
  }
}

const longestHalf = 500;
const longestFieldName = 200;

function shortened(message: string): string {
  const { message: wrong, detail } = partRemedy(message);
  return [wrong, ...(detail === null ? [] : [detail])].map((half) => cut(half, longestHalf)).join('; ');
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** Whether `error` is ours and carries one of `codes` (any code when none is given). */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is ServiceError {
  return error instanceof ServiceError && (codes.length === 0 || codes.includes(error.code));
}

/** A message in its two halves. */
export interface Told {
  /** What is wrong, with the value: where the old service had words for it, exactly those (Rancher's own system test compares them). */
  readonly message: string;
  /** What to do about it; null when there is nothing to say. */
  readonly detail: string | null;
}

/** Parts what is wrong from what to do about it: our messages put "; " between the two. */
export function partRemedy(text: string): Told {
  const end = text.indexOf('; ');
  return end === -1 ? { message: text, detail: null } : { message: text.slice(0, end), detail: text.slice(end + 2) };
}
