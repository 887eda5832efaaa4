import type { PlainRequest } from '../../support/http-client.ts';
import { config, key, owner, receiver, scene } from './bad-input-scene.ts';
import type { BadInput } from './bad-input-scene.ts';

const create =
  (body: () => unknown, more: Partial<PlainRequest> = {}) =>
  (): PlainRequest => ({
    method: 'POST',
    path: '/v1-webhooks/receivers?projectId=1a5',
    body: body() as object,
    ...more,
    headers: { ...owner(), ...more.headers },
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
  request: create(() => receiver({ scaleServiceConfig: config({ serviceId: scene.ids[id] ?? id }) })),
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

const badBytes = (name: string, body: string, message: RegExp): BadInput => ({
  ...rawBody(name, body, message),
  request: create(() => Buffer.from(body, 'latin1'), { headers: { 'content-type': 'application/json' } }),
});

/** Wrong fields, types and bounds of a receiver, and targets that cannot be scaled. */
export const settings: readonly BadInput[] = [
  setting(
    'a rate limit of nothing',
    () => receiver({ rateLimit: { triggers: 0, perSeconds: 60 } }),
    'rateLimit.triggers',
    /^Invalid rateLimit.triggers: 0 is none; a whole number from 1 to 100000 is needed$/,
  ),
  setting(
    'a rate limit without a time',
    () => receiver({ rateLimit: { triggers: 1 } }),
    'rateLimit.perSeconds',
    /^Invalid rateLimit.perSeconds: it is missing; a whole number from 1 to 86400 is needed$/,
  ),
  setting(
    'a source that is none',
    () => receiver({ allowedSources: ['10.0.0.0/8', 'x'] }),
    'allowedSources.1',
    /^Invalid allowedSources.1: "x" will not do; 1 to 64 addresses/,
  ),
  setting(
    'no sources at all',
    () => receiver({ allowedSources: [] }),
    'allowedSources',
    /^Invalid allowedSources: \[\] will not do; 1 to 64 addresses/,
  ),
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
    'driver that nobody has',
    () => ({ name: 'new', driver: 'scaleCluster', scaleHostConfig: { hostSelector: { a: 'b' } } }),
    'driver',
    /^Invalid driver scaleCluster; use one of/,
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
  target('removed service', 'removed', 'TARGET_NOT_FOUND', /^Invalid service/),
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

/** Bodies that are no JSON object at all, or too large, or ask for a taken name. */
export const bodies: readonly BadInput[] = [
  rawBody('broken JSON', '{"name":', /^Bad request body: it is not JSON/),
  rawBody('empty body', '', /^Bad request body: it is empty/),
  rawBody('null', 'null', /^Bad request body: a JSON object is needed, not null/),
  rawBody('half a character', '{"name":"a\\ud800"}', /^Bad request body: name holds half a character/),
  rawBody('half a character in a name', '{"\\udfff":1}', /half a character/),
  badBytes('bytes that are no UTF-8', '{"name":"\xfc"}', /^Bad request body: it is not UTF-8/),
  rawBody('an array', '[]', /not an array/),
  rawBody('a number', '7', /not a number/),
  rawBody('a text', '"x"', /not a string/),
  rawBody('__proto__', '{"__proto__":{"name":"x"}}', /__proto__ is not allowed/),
  rawBody('__proto__ further down', '{"name":"x","scaleServiceConfig":{"__proto__":{}}}', /__proto__ is not allowed/),
  rawBody('nested without end', '['.repeat(200_000), /^Bad request body/),
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
