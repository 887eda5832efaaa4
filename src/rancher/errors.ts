import { hasCode, ServiceError, type Applied, type ErrorCode } from '../domain/errors.ts';
import type { Operation } from './operations.ts';

/** A complete answer of Rancher, or of something in front of it, that is not a success. */
export interface Refusal {
  readonly operation: Operation;
  readonly status: number;
  /** The parsed body; undefined when it was not JSON. */
  readonly body: unknown;
  readonly retryAfter?: string | null;
}

/** A call that ended without a usable answer. */
export interface Interruption {
  readonly operation: Operation;
  readonly reason: 'time-out' | 'cancelled' | 'closed' | 'connection' | 'answer too large' | 'answer not JSON';
  /** Node's code of the socket error (`ECONNREFUSED`, `ENOTFOUND`, …). */
  readonly socketCode?: string;
  /** Whether any byte of the request was given to a connected socket. */
  readonly isHandedOver: boolean;
  /** Whole-call limit in milliseconds. */
  readonly timeoutMs: number;
}

interface RancherErrorBody {
  readonly code: string;
  readonly fieldName?: string;
  readonly message?: string;
}

/**
 * Maps a complete answer to our code. Any 4xx is proof that nothing was applied. A 5xx is in doubt; when Rancher itself
 * said so (`type: "error"`), `rancherStatus` is set and nothing more will follow, otherwise a proxy spoke and it is absent.
 * Rancher answers 500, not 404, to a PUT on an unknown id (recording g_unknown_id_put): read it to find out.
 */
export function refusalError(refusal: Refusal): ServiceError {
  const { operation, status } = refusal;
  const rancher = readErrorBody(refusal.body);
  const code = codeOf(status, rancher !== undefined);
  const retryAfterSeconds = readRetryAfter(refusal.retryAfter);
  return new ServiceError(code, describe(code, refusal, rancher), {
    ...appliedTo(operation, status >= 400 && status < 500 ? 'no' : 'unknown'),
    ...(rancher === undefined ? {} : { rancherStatus: status, rancherCode: rancher.code }),
    ...(rancher?.fieldName === undefined ? {} : { fieldName: rancher.fieldName }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Maps a call without a usable answer: RANCHER_UNAVAILABLE, `applied: 'no'` only when no byte reached a connected socket. */
export function interruptionError(interruption: Interruption): ServiceError {
  const { operation, reason, socketCode, isHandedOver, timeoutMs } = interruption;
  const says = {
    'time-out': `rancher did not answer within ${String(timeoutMs)} ms`,
    cancelled: 'the call to rancher was cancelled',
    closed: 'the client of rancher is closed',
    connection: `the connection to rancher failed${socketCode === undefined ? '' : ` (${socketCode})`}`,
    'answer too large': 'the answer of rancher is larger than this client reads',
    'answer not JSON': 'something that is not rancher answered; check that CATTLE_URL is the address of rancher itself',
  }[reason];
  // node-fetch writes the whole URL into its messages, and a URL may hold a receiver's key: only the code goes along.
  const cause = socketCode === undefined ? undefined : new Error(socketCode);
  return new ServiceError('RANCHER_UNAVAILABLE', `cannot ${operation}: ${says}`, {
    ...appliedTo(operation, isHandedOver ? 'unknown' : 'no'),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Whether `operation` may change something in Rancher. */
export function isWrite(operation: Operation): boolean {
  return /^(?:create|update|remove|act on) /.test(operation);
}

/**
 * Whether Rancher itself says that an environment is gone, or that our key does not reach it (403, recording
 * g_unknown_project_path): trying again mends neither. A proxy's 403 or 404 says nothing of the kind, and a key that is
 * refused everywhere (401) is no matter of one environment.
 */
export function isOutOfReach(error: unknown): boolean {
  if (hasCode(error, 'RANCHER_UNAUTHORIZED')) return error.details.rancherStatus === 403;
  return hasCode(error, 'RANCHER_NOT_FOUND', 'PROJECT_NOT_FOUND');
}

function appliedTo(operation: Operation, applied: Applied): { applied?: Applied } {
  return isWrite(operation) ? { applied } : {};
}

function codeOf(status: number, isRancher: boolean): ErrorCode {
  if (status === 401 || status === 403) return 'RANCHER_UNAUTHORIZED';
  // A 404 that Rancher did not write (wrong path, a proxy while Rancher restarts) says nothing about the resource.
  if (status === 404) return isRancher ? 'RANCHER_NOT_FOUND' : 'RANCHER_UNAVAILABLE';
  if (status === 408) return 'RANCHER_UNAVAILABLE';
  if (status === 409) return 'RANCHER_CONFLICT';
  if (status === 429) return 'RANCHER_RATE_LIMITED';
  return status >= 400 && status < 500 ? 'RANCHER_REJECTED' : 'RANCHER_UNAVAILABLE';
}

function describe(code: ErrorCode, refusal: Refusal, rancher: RancherErrorBody | undefined): string {
  const { operation, status } = refusal;
  const answer =
    rancher === undefined
      ? String(status)
      : [String(status), rancher.code, rancher.fieldName, rancher.message].join(' ');
  const said = `rancher answered ${answer.replaceAll(/\s+/g, ' ').trim()}`;
  switch (code) {
    case 'RANCHER_UNAUTHORIZED':
      return `cannot ${operation}: ${said}; check the API key and that it belongs to this project`;
    case 'RANCHER_CONFLICT':
      return `cannot ${operation}: ${said}; it changed meanwhile, or it is removed`;
    case 'RANCHER_RATE_LIMITED':
      return `cannot ${operation}: ${said}; it asks to be called less often`;
    default:
      return rancher === undefined && status !== 408 && status < 500
        ? `cannot ${operation}: ${said} without an error of its own; check that CATTLE_URL is the address of rancher`
        : `cannot ${operation}: ${said}`;
  }
}

/** Rancher's own error body; undefined for anything else. `message` mostly repeats `code`, then it is left out. */
function readErrorBody(body: unknown): RancherErrorBody | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { type, code, fieldName, message } = body as Record<string, unknown>;
  if (type !== 'error') return undefined;
  const name = typeof code === 'string' ? code.slice(0, 100) : 'unknown';
  return {
    code: name,
    ...(typeof fieldName === 'string' ? { fieldName: fieldName.slice(0, 200) } : {}),
    ...(typeof message === 'string' && message !== code ? { message: message.slice(0, 200) } : {}),
  };
}

// What callers of ours are told to wait at most, whatever date a proxy before Rancher names.
const longestRetryAfterSeconds = 3_600;

function readRetryAfter(header: string | null | undefined): number | undefined {
  if (header === null || header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(longestRetryAfterSeconds, Math.max(0, Math.ceil(seconds)));
}
