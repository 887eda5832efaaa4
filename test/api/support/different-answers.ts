import { expect } from '@jest/globals';

/** What we answer where docs/compatibility.md says `different`. */
export interface DifferentAnswer {
  readonly status: number;
  readonly body?: object;
  readonly headers?: object;
  /** Only this is different, and everything else as it was recorded; absent where the answer is another one altogether. */
  readonly only?: readonly string[];
}

const refused = (code: string, message: RegExp, fieldName?: string): DifferentAnswer => ({
  status: 400,
  body: {
    type: 'error',
    code,
    message: expect.stringMatching(message),
    ...(fieldName === undefined ? {} : { fieldName }),
  },
});
const otherMessage = (message: RegExp, code = 'REQUEST_INVALID'): DifferentAnswer => ({
  ...refused(code, message),
  only: ['.message'],
});
const otherMethod = (allow: string): DifferentAnswer => ({
  status: 405,
  headers: { allow },
  body: { type: 'error', code: 'METHOD_NOT_ALLOWED' },
});
const noForwarding = refused('FORWARD_NOT_AVAILABLE', /^forwardPost cannot be used in the old service's place/);
const noForwardingOnTrigger: DifferentAnswer = {
  status: 400,
  body: { type: 'error', code: 'FORWARD_NOT_AVAILABLE', message: expect.stringMatching(/forwardPost cannot be used/) },
};
const schemas: DifferentAnswer = {
  status: 200,
  only: [
    '.data[receiver].resourceFields.state.type',
    '.data[receiver].resourceFields.driver.options in order',
    '.data[scaleHost].resourceFields.min.min',
    '.data[error].resourceFields.status.type',
  ],
};

/** By the name of the row. */
export const differentAnswers: Readonly<Record<string, DifferentAnswer>> = {
  'version: unknown path': { status: 404, body: { type: 'error', code: 'NOT_FOUND' } },
  'version: unsupported method PUT receivers': otherMethod('GET, HEAD, POST'),
  'version: GET endpoint': otherMethod('POST'),
  'schemas: schemas collection': schemas,
  'schemas: schemas with trailing slash': schemas,
  'schemas: unknown schema': { status: 404, body: { type: 'error', code: 'NOT_FOUND' } },
  'create: create forwardPost': noForwarding,
  'create-errors: bad body (not JSON)': otherMessage(/^Bad request body: it is not JSON$/),
  'create-errors: empty body': otherMessage(/^Bad request body: it is empty$/),
  'create-errors: body is an array': otherMessage(/^Bad request body: a JSON object is needed, not an array$/),
  'create-errors: body is null': refused('REQUEST_INVALID', /^Bad request body: a JSON object is needed, not null$/),
  'create-errors: amount as string': otherMessage(/^Invalid amount: "1"$/, 'SETTINGS_INVALID'),
  'create-errors: amount 1.5': otherMessage(/^Invalid amount: 1\.5$/, 'SETTINGS_INVALID'),
  'create-errors: content type with charset': { status: 200, body: { type: 'receiver', state: 'active' } },
  'create-errors: readonly among several roles': {
    status: 405,
    body: { type: 'error', message: "user doesn't have the access to create webhook" },
  },
  'create-errors: upgrade: EMPTY selector (defect: accepted)': refused(
    'SETTINGS_INVALID',
    /selector/i,
    'serviceUpgradeConfig.serviceSelector',
  ),
  'create-errors: upgrade: unknown payloadFormat': refused(
    'SETTINGS_INVALID',
    /^Invalid payloadFormat "nope"$/,
    'serviceUpgradeConfig.payloadFormat',
  ),
  'create-errors: forwardPost with empty config (no validation)': refused(
    'SETTINGS_INVALID',
    /^Invalid serviceName/,
    'forwardPostConfig.serviceName',
  ),
  'delete: get after delete': { status: 404, body: { type: 'error', message: 'Webhook not found' } },
  'execute: bad JWT': otherMessage(/^Invalid token error: /, 'TRIGGER_INVALID'),
  'execute: upgrade: not JSON': {
    status: 400,
    body: {
      message: expect.stringMatching(/^Error Error unmarshalling request body in Execute handler: .* is not JSON/),
    },
    only: ['status', '.message', '.statusCode'],
  },
  'execute: upgrade: push_data is a string (type assertion)': refused(
    'PAYLOAD_INCOMPLETE',
    /^Error Incomplete webhook response provided in executing driver for serviceUpgrade$/,
    'push_data',
  ),
  'execute: forwardPost: nothing behind /r/projects': noForwardingOnTrigger,
  'execute: forwardPost, no body': noForwardingOnTrigger,
};
