import { randomUUID } from 'node:crypto';

/**
 * An answer that Rancher gives instead of a resource: thrown by the resource types, written by the server.
 * `code`, `message` and `fieldName` are Rancher's own words (folder cattle of the recordings, README "Error body").
 */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fieldName: string | undefined;

  constructor(status: number, code: string, fieldName?: string) {
    super(`${String(status)} ${code}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.fieldName = fieldName;
  }
}

/** 422 with Rancher's validation code; almost all of them name a field (recordings b_scale_negative, d_create_key_256). */
export function unprocessable(code: string, fieldName?: string): ApiError {
  return new ApiError(422, code, fieldName);
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method not allowed',
  409: 'Conflict',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** An error whose code is the reason phrase of its status, as Rancher spells it ("Method not allowed"). */
export function refused(status: number): ApiError {
  return new ApiError(status, reasons[status] ?? `HTTP ${String(status)}`);
}

/** The JSON body of an error. `message` repeats the code except for 422s that name a field, where it is null. */
export function errorBody(error: ApiError): object {
  return {
    id: randomUUID(),
    type: 'error',
    links: {},
    actions: {},
    status: error.status,
    code: error.code,
    message: error.fieldName === undefined ? error.code : null,
    detail: null,
    ...(error.fieldName === undefined ? {} : { fieldName: error.fieldName }),
    baseType: 'error',
  };
}
