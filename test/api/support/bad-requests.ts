import { basic } from '../../support/running-api.ts';
import { owner, scene } from './bad-input-scene.ts';
import type { BadInput } from './bad-input-scene.ts';

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

/** Wrong or foreign environments and resources. */
export const projects: readonly BadInput[] = [
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
  get(
    "an unknown environment's executions",
    '/v1-webhooks/executions?projectId=1a99999',
    404,
    'NOT_FOUND',
    /^this environment is unknown/,
    'projectId',
  ),
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
    request: () => ({ path: `/v1-webhooks/receivers/${scene.foreignReceiverId}?projectId=1a5`, headers: owner() }),
    status: 404,
    code: 'NOT_FOUND',
    message: /^Webhook not found/,
  },
  {
    name: "DELETE another environment's receiver under one's own",
    request: () => ({
      method: 'DELETE',
      path: `/v1-webhooks/receivers/${scene.foreignReceiverId}?projectId=1a5`,
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
      path: `/v1-webhooks/receivers/${scene.receiverId}?projectId=1a5`,
      headers: { authorization: basic(scene.api.sandbox.otherProject.keys.owner) },
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
    path: `/v1-webhooks/receivers/${scene.receiverId}?projectId=1a5`,
    headers: owner(),
    body: body as object,
  }),
  status: 400,
  code,
  fieldName,
  message,
});

/** Edits, actions and methods that are not possible. */
export const changes: readonly BadInput[] = [
  put(
    'another driver',
    { driver: 'forwardPost' },
    'SETTINGS_INVALID',
    'driver',
    /^the driver cannot be changed from scaleService to forwardPost/,
  ),
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
      path: `/v1-webhooks/receivers/${scene.receiverId}?projectId=1a5&action=explode`,
      headers: owner(),
    }),
    status: 400,
    code: 'REQUEST_INVALID',
    fieldName: 'action',
    message: /^unknown action explode; use one of pause, resume, rotatekey, test/,
  },
  {
    name: 'POST no action',
    request: () => ({
      method: 'POST',
      path: `/v1-webhooks/receivers/${scene.receiverId}?projectId=1a5`,
      headers: owner(),
    }),
    status: 400,
    code: 'REQUEST_INVALID',
    fieldName: 'action',
    message: /^no action is given/,
  },
  {
    name: 'PATCH',
    request: () => ({
      method: 'PATCH',
      path: `/v1-webhooks/receivers/${scene.receiverId}?projectId=1a5`,
      headers: owner(),
    }),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: /^PATCH is not possible here; use GET or HEAD or PUT or DELETE or POST/,
  },
];
