import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import type { PlainRequest } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

interface BadInput {
  readonly name: string;
  /** Made late: ids and keys are known only once the service runs. */
  readonly request: () => PlainRequest;
  readonly status: number;
  readonly code: string;
  readonly fieldName?: string;
  readonly message: RegExp;
}

const key = 'A'.repeat(40);
const foreignKey = 'B'.repeat(40);
const brokenKey = 'C'.repeat(40);
let api: RunningApi;
let serviceId: string;
let receiverId: string;
let foreignReceiverId: string;
const ids: Record<string, string> = {};

const config = (more: object = {}): object => ({
  type: 'scaleService',
  serviceId,
  action: 'up',
  amount: 1,
  min: 1,
  max: 4,
  ...more,
});

beforeAll(async () => {
  api = await startApi({ parts: { bodyLimits: { mostBytes: 1024 * 1024, timeoutMs: 300 } } });
  const { sandbox } = api;
  const projectId = '1a5';
  serviceId = sandbox.addService({ projectId, scale: 1 });
  ids['global'] = sandbox.addService({
    projectId,
    launchConfig: { imageUuid: 'docker:nginx', labels: { 'io.rancher.scheduler.global': 'true' } },
  });
  ids['imageless'] = sandbox.addService({ projectId, launchConfig: { imageUuid: 'docker:rancher/none' } });
  ids['external'] = sandbox.addService({ projectId, type: 'externalService' });
  ids['dns'] = sandbox.addService({ projectId, type: 'dnsService' });
  ids['policy'] = sandbox.addService({ projectId, scalePolicy: { min: 1, max: 3, increment: 1 } });
  ids['removed'] = sandbox.addService({ projectId, state: 'removed' });
  ids['foreign'] = sandbox.addService({ projectId: '1a7' });
  const place = (project: string, name: string, receiverKey: string, driverConfig: object): string =>
    sandbox.addGenericObject({
      projectId: project,
      kind: 'webhookReceiver',
      name,
      key: receiverKey,
      resourceData: { url: 'http://old/', driver: 'scaleService', config: driverConfig },
    });
  receiverId = place(projectId, 'there', key, config());
  foreignReceiverId = place('1a7', 'theirs', foreignKey, config({ serviceId: ids['foreign'] }));
  place(projectId, 'broken', brokenKey, { amount: 'many' });
});

afterAll(async () => {
  await api.close();
});

const owner = (): Readonly<Record<string, string>> => ({ authorization: basic(api.sandbox.project.keys.owner) });

const create =
  (body: () => unknown, more: Partial<PlainRequest> = {}) =>
  (): PlainRequest => ({
    method: 'POST',
    path: '/v1-webhooks/receivers?projectId=1a5',
    body: body() as object,
    ...more,
    headers: { ...owner(), ...more.headers },
  });

const receiver = (more: object = {}): object => ({
  name: 'new',
  driver: 'scaleService',
  scaleServiceConfig: config(),
  ...more,
});

const setting = (name: string, body: () => object, fieldName: string, message: RegExp): BadInput => ({
  name: `create: ${name}`,
  request: create(body),
  status: 400,
  code: 'SETTINGS_INVALID',
  fieldName,
  message,
});

const configSetting = (name: string, more: () => object, fieldName: string, message: RegExp): BadInput =>
  setting(name, () => receiver({ scaleServiceConfig: config(more()) }), `scaleServiceConfig.${fieldName}`, message);

const target = (name: string, id: string, code: string, message: RegExp): BadInput => ({
  name: `create: ${name}`,
  request: create(() => receiver({ scaleServiceConfig: config({ serviceId: ids[id] ?? id }) })),
  status: 400,
  code,
  message,
});

const rawBody = (name: string, body: string, message: RegExp, headers: Record<string, string> = {}): BadInput => ({
  name: `create: ${name}`,
  request: create(() => body, { headers: { 'content-type': 'application/json', ...headers } }),
  status: 400,
  code: 'REQUEST_INVALID',
  message,
});

const get = (
  name: string,
  path: string,
  status: number,
  code: string,
  message: RegExp,
  fieldName?: string,
): BadInput => ({
  name: `GET ${name}`,
  request: () => ({ path, headers: owner() }),
  status,
  code,
  message,
  ...(fieldName === undefined ? {} : { fieldName }),
});

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

const oddPath = (method: string, path: string): BadInput => ({
  name: `odd path: ${method} ${path}`,
  request: () => ({ method, path, headers: owner() }),
  status: 404,
  code: 'NOT_FOUND',
  message: /^there is nothing at this path/,
});

const settings: readonly BadInput[] = [
  setting('no name', () => receiver({ name: '' }), 'name', /^Name not provided/),
  setting('name of a wrong type', () => receiver({ name: 7 }), 'name', /^Invalid name 7; a text is needed/),
  setting('name of blanks', () => receiver({ name: '  ' }), 'name', /^Invalid name "  "/),
  setting('name with a line end', () => receiver({ name: 'a\nb' }), 'name', /control characters/),
  setting('name too long', () => receiver({ name: 'n'.repeat(256) }), 'name', /256 characters; at most 255/),
  setting('no driver', () => receiver({ driver: '' }), 'driver', /^Driver not provided/),
  setting(
    'unknown driver',
    () => receiver({ driver: 'nope' }),
    'driver',
    /^Invalid driver nope; use one of scaleService/,
  ),
  setting('driver of a wrong type', () => receiver({ driver: {} }), 'driver', /^Invalid driver \{\}/),
  setting(
    'driver that a prototype has',
    () => receiver({ driver: 'constructor' }),
    'driver',
    /^Invalid driver constructor/,
  ),
  setting(
    'driver that is not there yet',
    () => ({ name: 'new', driver: 'scaleHost', scaleHostConfig: { hostSelector: { a: 'b' } } }),
    'driver',
    /^Invalid driver scaleHost; use one of/,
  ),
  setting('unknown field', () => receiver({ nmae: 'x' }), 'nmae', /^unknown field nmae; remove it/),
  setting('own key', () => receiver({ key }), 'key', /^unknown field key/),
  setting('other type', () => receiver({ type: 'service' }), 'type', /^Invalid type "service"; use receiver/),
  setting(
    "another driver's config",
    () => receiver({ scaleHostConfig: { amount: 1 } }),
    'scaleHostConfig',
    /^scaleHostConfig does not belong to the driver scaleService/,
  ),
  setting(
    'no config',
    () => receiver({ scaleServiceConfig: null }),
    'scaleServiceConfig.action',
    /^Scale action not provided/,
  ),
  setting(
    'config is an array',
    () => receiver({ scaleServiceConfig: [] }),
    'scaleServiceConfig',
    /must be an object, not \[\]/,
  ),
  setting(
    'config is a text',
    () => receiver({ scaleServiceConfig: 'up' }),
    'scaleServiceConfig',
    /must be an object, not "up"/,
  ),
  setting('unknown format', () => receiver({ format: 'nope' }), 'format', /^Invalid format "nope"; use one of auto/),
  setting('format of a wrong type', () => receiver({ format: 3 }), 'format', /^Invalid format 3/),
  setting(
    'settings without a format',
    () => receiver({ formatSettings: { a: 1 } }),
    'formatSettings.a',
    /^formatSettings need a format/,
  ),
  setting(
    'unknown format setting',
    () => receiver({ format: 'generic', formatSettings: { nope: 1 } }),
    'formatSettings.nope',
    /^unknown field formatSettings.nope/,
  ),
  setting(
    'format settings of a wrong type',
    () => receiver({ formatSettings: 'x' }),
    'formatSettings',
    /must be an object, not "x"/,
  ),
  setting(
    'negative repeat time',
    () => receiver({ repeatAfterSeconds: -1 }),
    'repeatAfterSeconds',
    /-1; whole seconds from 0/,
  ),
  setting(
    'too long a repeat time',
    () => receiver({ repeatAfterSeconds: 604_801 }),
    'repeatAfterSeconds',
    /604801; .*to 604800/,
  ),
  setting('repeat time in words', () => receiver({ repeatAfterSeconds: '10m' }), 'repeatAfterSeconds', /"10m"/),
  configSetting('no action', () => ({ action: undefined }), 'action', /^Scale action not provided/),
  configSetting('unknown action', () => ({ action: 'sideways' }), 'action', /^Invalid action sideways/),
  configSetting('amount 0', () => ({ amount: 0 }), 'amount', /^Invalid amount: 0/),
  configSetting('amount negative', () => ({ amount: -1 }), 'amount', /^Invalid amount: -1/),
  configSetting('amount in words', () => ({ amount: '1' }), 'amount', /^Invalid amount: "1"/),
  configSetting('amount a fraction', () => ({ amount: 1.5 }), 'amount', /^Invalid amount: 1.5/),
  configSetting('amount beyond all reason', () => ({ amount: 3_000_000_000 }), 'amount', /^Invalid amount: 3000000000/),
  configSetting('min 0', () => ({ min: 0 }), 'min', /^Minimum scale not provided\/invalid/),
  configSetting('max missing', () => ({ max: undefined }), 'max', /^Maximum scale not provided\/invalid/),
  configSetting('min not below max', () => ({ min: 4 }), 'max', /^Max must be greater than min/),
  configSetting('no service', () => ({ serviceId: '' }), 'serviceId', /^ServiceId not provided/),
  configSetting('service of a wrong type', () => ({ serviceId: 5 }), 'serviceId', /^ServiceId not provided/),
  configSetting('config of another type', () => ({ type: 'scaleHost' }), 'type', /^Invalid type/),
  configSetting(
    'unknown field in the config',
    () => ({ amuont: 2 }),
    'amuont',
    /^unknown field scaleServiceConfig.amuont/,
  ),
  configSetting('unknown limit rule', () => ({ onLimit: 'explode' }), 'onLimit', /^Invalid onLimit "explode"/),
  configSetting(
    'negative cooldown',
    () => ({ cooldownSeconds: -5 }),
    'cooldownSeconds',
    /^Invalid cooldownSeconds: -5/,
  ),
  target('unknown service', '1s99999', 'TARGET_NOT_FOUND', /^Invalid service 1s99999/),
  target('malformed service id', '1s1000a', 'TARGET_NOT_FOUND', /^Invalid service 1s1000a/),
  target('removed service', 'removed', 'TARGET_NOT_FOUND', /has been deleted/),
  target("another environment's service", 'foreign', 'TARGET_NOT_FOUND', /^Invalid service/),
  target('service id that climbs', '../../1a7/services/1s1', 'TARGET_NOT_FOUND', /^Invalid service/),
  target('global service', 'global', 'TARGET_UNSUPPORTED', /^Cannot create webhook for global service/),
  target(
    'service without image',
    'imageless',
    'TARGET_UNSUPPORTED',
    /^Cannot create webhook for service with no image/,
  ),
  target('external service', 'external', 'TARGET_UNSUPPORTED', /is of type externalService/),
  target('DNS service', 'dns', 'TARGET_UNSUPPORTED', /is of type dnsService/),
  target('service with a scale policy', 'policy', 'TARGET_UNSUPPORTED', /scale policy/),
];

const bodies: readonly BadInput[] = [
  rawBody('broken JSON', '{"name":', /^Bad request body: it is not JSON/),
  rawBody('empty body', '', /^Bad request body: it is empty/),
  rawBody('null', 'null', /^Bad request body: a JSON object is needed, not null/),
  rawBody('an array', '[]', /not an array/),
  rawBody('a number', '7', /not a number/),
  rawBody('a text', '"x"', /not a string/),
  rawBody('__proto__', '{"__proto__":{"name":"x"}}', /__proto__ is not allowed/),
  rawBody('__proto__ further down', '{"name":"x","scaleServiceConfig":{"__proto__":{}}}', /__proto__ is not allowed/),
  rawBody('nested without end', `${'['.repeat(200_000)}`, /^Bad request body/),
  rawBody('no content type', '{}', /^Content-Type must be supplied/, { 'content-type': '' }),
  rawBody('a form', 'name=x', /Only application\/json is supported/, {
    'content-type': 'application/x-www-form-urlencoded',
  }),
  {
    name: 'create: larger than 1 MiB',
    request: create(() => Buffer.alloc(1024 * 1024 + 1, 'x'), { headers: { 'content-type': 'application/json' } }),
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    message: /^the body is larger than 1048576 bytes/,
  },
  {
    name: 'create: duplicate name',
    request: create(() => receiver({ name: 'there' })),
    status: 400,
    code: 'NAME_TAKEN',
    fieldName: 'name',
    message: /^Cannot have duplicate webhook name, webhook there already exists/,
  },
];

const projects: readonly BadInput[] = [
  get(
    'no project',
    '/v1-webhooks/receivers',
    400,
    'REQUEST_INVALID',
    /^projectId must be supplied as query parameter/,
    'projectId',
  ),
  get(
    'two projects',
    '/v1-webhooks/receivers?projectId=1a5&projectId=1a7',
    400,
    'REQUEST_INVALID',
    /given twice/,
    'projectId',
  ),
  get(
    'project that climbs',
    '/v1-webhooks/receivers?projectId=1a5%2F..%2F1a7',
    400,
    'REQUEST_INVALID',
    /^Invalid projectId/,
    'projectId',
  ),
  get(
    "nobody's project",
    '/v1-webhooks/receivers?projectId=1a!-1',
    400,
    'REQUEST_INVALID',
    /^Invalid projectId/,
    'projectId',
  ),
  get(
    'unknown project',
    '/v1-webhooks/receivers?projectId=1a99999',
    500,
    'PROJECT_NOT_FOUND',
    /^Error in creating API client/,
    'projectId',
  ),
  get(
    "another's project",
    '/v1-webhooks/receivers?projectId=1a7',
    403,
    'FORBIDDEN',
    /do not reach environment 1a7/,
    'projectId',
  ),
  get(
    'project with a foreign prefix',
    '/v1-webhooks/receivers?projectId=1e5',
    500,
    'PROJECT_NOT_FOUND',
    /^Error/,
    'projectId',
  ),
  get('unknown receiver', '/v1-webhooks/receivers/1go99999?projectId=1a5', 404, 'NOT_FOUND', /^Webhook not found/),
  get(
    'receiver by a foreign prefix',
    '/v1-webhooks/receivers/1s1?projectId=1a5',
    404,
    'NOT_FOUND',
    /^Webhook not found/,
  ),
  get('unknown schema', '/v1-webhooks/schemas/nope', 404, 'NOT_FOUND', /no schema nope/),
  get('unknown execution', '/v1-webhooks/executions/x?projectId=1a5', 404, 'NOT_FOUND', /no execution x/),
  get("another's executions", '/v1-webhooks/executions?projectId=1a7', 403, 'FORBIDDEN', /do not reach/, 'projectId'),
  get(
    'unknown outcome',
    '/v1-webhooks/executions?projectId=1a5&outcome=nice',
    400,
    'REQUEST_INVALID',
    /^Invalid outcome "nice"; use one of/,
    'outcome',
  ),
  get(
    'unknown state',
    '/v1-webhooks/executions?projectId=1a5&state=x',
    400,
    'REQUEST_INVALID',
    /^Invalid state/,
    'state',
  ),
  get(
    'unreadable time',
    '/v1-webhooks/executions?projectId=1a5&acceptedFrom=monday',
    400,
    'REQUEST_INVALID',
    /^Invalid acceptedFrom/,
    'acceptedFrom',
  ),
  {
    name: "GET another environment's receiver under one's own",
    request: () => ({ path: `/v1-webhooks/receivers/${foreignReceiverId}?projectId=1a5`, headers: owner() }),
    status: 404,
    code: 'NOT_FOUND',
    message: /^Webhook not found/,
  },
  {
    name: "DELETE another environment's receiver under one's own",
    request: () => ({
      method: 'DELETE',
      path: `/v1-webhooks/receivers/${foreignReceiverId}?projectId=1a5`,
      headers: owner(),
    }),
    status: 404,
    code: 'NOT_FOUND',
    message: /^Webhook not found/,
  },
  {
    name: 'DELETE with the credentials of another environment',
    request: () => ({
      method: 'DELETE',
      path: `/v1-webhooks/receivers/${receiverId}?projectId=1a5`,
      headers: { authorization: basic(api.sandbox.otherProject.keys.owner) },
    }),
    status: 403,
    code: 'FORBIDDEN',
    fieldName: 'projectId',
    message: /do not reach environment 1a5/,
  },
];

const put = (name: string, body: unknown, code: string, fieldName: string, message: RegExp): BadInput => ({
  name: `PUT ${name}`,
  request: () => ({
    method: 'PUT',
    path: `/v1-webhooks/receivers/${receiverId}?projectId=1a5`,
    headers: owner(),
    body: body as object,
  }),
  status: 400,
  code,
  fieldName,
  message,
});

const changes: readonly BadInput[] = [
  put('another driver', { driver: 'forwardPost' }, 'SETTINGS_INVALID', 'driver', /^Invalid driver forwardPost/),
  put('empty name', { name: '' }, 'SETTINGS_INVALID', 'name', /^Name not provided/),
  put("a broken receiver's name", { name: 'broken' }, 'NAME_TAKEN', 'name', /webhook broken already exists/),
  put('unknown field', { colour: 'red' }, 'SETTINGS_INVALID', 'colour', /^unknown field colour/),
  put(
    'bad config',
    { scaleServiceConfig: { action: 'up' } },
    'SETTINGS_INVALID',
    'scaleServiceConfig.amount',
    /^Invalid amount/,
  ),
  {
    name: 'POST an unknown action',
    request: () => ({
      method: 'POST',
      path: `/v1-webhooks/receivers/${receiverId}?projectId=1a5&action=explode`,
      headers: owner(),
    }),
    status: 400,
    code: 'REQUEST_INVALID',
    fieldName: 'action',
    message: /^unknown action explode; use one of pause, resume, rotatekey, test/,
  },
  {
    name: 'POST no action',
    request: () => ({ method: 'POST', path: `/v1-webhooks/receivers/${receiverId}?projectId=1a5`, headers: owner() }),
    status: 400,
    code: 'REQUEST_INVALID',
    fieldName: 'action',
    message: /^no action is given/,
  },
  {
    name: 'PATCH',
    request: () => ({ method: 'PATCH', path: `/v1-webhooks/receivers/${receiverId}?projectId=1a5`, headers: owner() }),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: /^PATCH is not possible here; use GET or HEAD or PUT or DELETE or POST/,
  },
];

const revoked = { status: 403, code: 'RECEIVER_NOT_FOUND', message: /^Requested webhook has been revoked/ } as const;

const triggers: readonly BadInput[] = [
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
  trigger('malformed project', `?key=${key}&projectId=1a5/x`, {
    status: 400,
    code: 'REQUEST_INVALID',
    message: /^Invalid projectId/,
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

const spoofed = (name: string, headers: Readonly<Record<string, string>>): BadInput => ({
  name: `spoofed: ${name}`,
  request: () => ({ method: 'POST', path: '/v1-webhooks/receivers?projectId=1a5', body: receiver(), headers }),
  status: 401,
  code: 'UNAUTHORIZED',
  message: /does not accept these credentials/,
});

const callers: readonly BadInput[] = [
  spoofed('nobody', {}),
  spoofed("the proxy's headers on our own port", { 'x-api-roles': 'v1-owner', 'x-api-project-id': '1a5' }),
  spoofed('a made-up key', { authorization: basic({ accessKey: 'a', secretKey: 'b' }) }),
  spoofed('an authorization that is none', { authorization: 'Bearer x' }),
  spoofed('a made-up session', { cookie: 'token=abc; CSRF=1', 'x-api-csrf': '1' }),
  {
    name: 'spoofed: a session without its CSRF header',
    request: () => ({ path: '/v1-webhooks/receivers?projectId=1a5', headers: { cookie: 'token=abc; CSRF=1' } }),
    status: 403,
    code: 'FORBIDDEN',
    fieldName: 'X-Api-Csrf',
    message: /^a session needs the header X-Api-Csrf/,
  },
  {
    name: 'create: a role that only reads',
    request: () => ({
      method: 'POST',
      path: '/v1-webhooks/receivers?projectId=1a5',
      body: receiver(),
      headers: { authorization: basic(api.sandbox.project.keys.readonly) },
    }),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: /^user doesn't have the access to create webhook/,
  },
];

const paths: readonly BadInput[] = [
  oddPath('GET', '/v1-webhooks/nope'),
  oddPath('GET', '/'),
  oddPath('GET', '/V1-Webhooks?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/Receivers?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/endpoint/../receivers?projectId=1a5'),
  oddPath('POST', '/v1-webhooks/endpoint/../receivers?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/endpoint/%2e%2e/receivers?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/endpoint/%2E%2E/receivers?projectId=1a5'),
  oddPath('POST', '/v1-webhooks/endpointsomething?projectId=1a5'),
  oddPath('POST', '/v1-webhooks//endpoint?projectId=1a5'),
  oddPath('POST', '/v1-webhooks/endpoint//?projectId=1a5'),
  oddPath('POST', '/v1-webhooks/endpoint/1a5'),
  oddPath('POST', '/v1-webhooks/endpoint/1a5/k/more'),
  oddPath('GET', '/v1-webhooks/./receivers?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/receivers/%2e%2e?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/receivers/a%2fb?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/receivers;x=1?projectId=1a5'),
  oddPath('GET', '/v1-webhooks/receivers/%zz?projectId=1a5'),
  oddPath('GET', '/v1-webhooks\\receivers'),
  oddPath('GET', 'http://other.example/v1-webhooks?projectId=1a5'),
];

/** Everything a request could have changed. */
async function stored(): Promise<unknown> {
  const read = async (projectId: string): Promise<unknown> => {
    const rancher = api.rancherServer.project(projectId);
    return [await rancher.genericObjects.list(), await rancher.services.list()];
  };
  return [await read('1a5'), await read('1a7')];
}

describe('api: bad input', () => {
  it.each(
    [...settings, ...bodies, ...projects, ...changes, ...triggers, ...callers, ...paths].map(
      (input) => [input.name, input] as const,
    ),
  )('%s', async (_name, { request, status, code, fieldName, message }) => {
    const before = await stored();

    const answer = await call(api.url, request());

    expect(answer).toMatchObject({
      status,
      body: { type: 'error', status, statusCode: status, code, message: expect.stringMatching(message) as unknown },
    });
    if (fieldName !== undefined) expect(answer.body['fieldName']).toBe(fieldName);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.text).not.toContain(new URL(api.sandbox.url).host);
    expect('traceId' in answer.body).toBe(status >= 500);
    expect(await stored()).toEqual(before);
  });
});
