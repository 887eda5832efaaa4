import type { PlainRequest } from '../../support/http-client.ts';
import { brokenKey, foreignKey, key } from './bad-input-scene.ts';
import type { BadInput } from './bad-input-scene.ts';

const trigger = (
  name: string,
  query: string,
  expected: Pick<BadInput, 'status' | 'code' | 'message' | 'fieldName'>,
  more: Partial<PlainRequest> = {},
): BadInput => ({
  name: `trigger: ${name}`,
  request: () => ({ method: 'POST', path: `/v1-webhooks/endpoint${query}`, ...more }),
  ...expected,
});

const revoked = { status: 403, code: 'RECEIVER_NOT_FOUND', message: /^Requested webhook has been revoked/ } as const;

/** Triggers that are not accepted. */
export const triggers: readonly BadInput[] = [
  trigger('no key', '?projectId=1a5', {
    status: 400,
    code: 'TRIGGER_INVALID',
    message: /^Invalid execute url, should have 'token' or 'key'/,
  }),
  trigger('no project', `?key=${key}`, {
    status: 400,
    code: 'TRIGGER_INVALID',
    message: /^Invalid execute url, url must contain projectId/,
  }),
  trigger('unknown project', `?key=${key}&projectId=1e1000`, {
    status: 500,
    code: 'PROJECT_NOT_FOUND',
    message: /^Error/,
  }),
  {
    name: 'trigger: unknown project in the path',
    request: () => ({ method: 'POST', path: `/v1-webhooks/endpoint/1a99999/${key}` }),
    ...revoked,
  },
  trigger('malformed project', `?key=${key}&projectId=1a5/x`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /^Invalid projectId/,
  }),
  // What Rancher's own system test is left with where it cuts the last three characters off a longer id than 1a5.
  trigger('the beginning of a project', `?key=${key}&projectId=1`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /^Invalid projectId "1"/,
  }),
  trigger('unknown key', `?key=${'z'.repeat(40)}&projectId=1a5`, revoked),
  trigger('malformed key', '?key=%27%20or%201&projectId=1a5', revoked),
  trigger('very long key', `?key=${'z'.repeat(5000)}&projectId=1a5`, revoked),
  trigger("another environment's key", `?key=${foreignKey}&projectId=1a5`, revoked),
  trigger('the key with a wildcard', '?key=A%25&projectId=1a5', revoked),
  trigger('two keys', `?key=${key}&key=x&projectId=1a5`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /key is given twice/,
    fieldName: 'key',
  }),
  trigger('a token without a public key', '?token=a.b.c', {
    status: 400,
    code: 'TRIGGER_INVALID',
    message: /^Invalid token error:/,
    fieldName: 'token',
  }),
  trigger('unknown wait', `?key=${key}&projectId=1a5&wait=long`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /^Invalid wait "long"/,
    fieldName: 'wait',
  }),
  trigger('unclear dry run', `?key=${key}&projectId=1a5&dryRun=yes`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /^Invalid dryRun "yes"/,
    fieldName: 'dryRun',
  }),
  ...['', '='].map((given) =>
    trigger(`a dry run that says nothing: dryRun${given}`, `?key=${key}&projectId=1a5&dryRun${given}`, {
      status: 400,
      code: 'REQUEST_INVALID',
      message: /^Invalid dryRun ""; use true or false$/,
      fieldName: 'dryRun',
    }),
  ),
  trigger('a misspelt dry run', `?key=${key}&projectId=1a5&dryrun=true`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /^Invalid parameter dryrun; write dryRun$/,
    fieldName: 'dryRun',
  }),
  trigger('a misspelt wait', `?key=${key}&projectId=1a5&Wait=settled`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /^Invalid parameter Wait; write wait$/,
    fieldName: 'wait',
  }),
  trigger(
    'an idempotency key that is empty',
    `?key=${key}&projectId=1a5`,
    { status: 400, code: 'TRIGGER_INVALID', message: /Idempotency-Key has 0 characters/, fieldName: 'Idempotency-Key' },
    { headers: { 'idempotency-key': '' } },
  ),
  trigger(
    'two idempotency keys',
    `?key=${key}&projectId=1a5`,
    { status: 400, code: 'TRIGGER_INVALID', message: /Idempotency-Key is given twice/, fieldName: 'Idempotency-Key' },
    { headers: { 'idempotency-key': ['one', 'two'] } },
  ),
  trigger('a receiver that cannot be used', `?key=${brokenKey}&projectId=1a5`, {
    status: 422,
    code: 'SETTINGS_INVALID',
    message: /cannot be used/,
  }),
  trigger(
    'larger than 1 MiB',
    `?key=${key}&projectId=1a5`,
    { status: 413, code: 'PAYLOAD_TOO_LARGE', message: /larger than 1048576 bytes/ },
    { body: Buffer.alloc(1024 * 1024 + 1) },
  ),
  trigger(
    'too long an idempotency key',
    `?key=${key}&projectId=1a5`,
    { status: 400, code: 'TRIGGER_INVALID', message: /Idempotency-Key/, fieldName: 'Idempotency-Key' },
    { headers: { 'idempotency-key': 'i'.repeat(256) } },
  ),
  trigger(
    'GET',
    `?key=${key}&projectId=1a5`,
    { status: 405, code: 'METHOD_NOT_ALLOWED', message: /^GET is not possible here; use POST/ },
    { method: 'GET' },
  ),
];
