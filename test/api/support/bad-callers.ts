import { basic } from '../../support/running-api.ts';
import { owner, receiver, scene } from './bad-input-scene.ts';
import type { BadInput } from './bad-input-scene.ts';

const oddPath = (method: string, path: string): BadInput => ({
  name: `odd path: ${method} ${path}`,
  request: () => ({ method, path, headers: owner() }),
  status: 404,
  code: 'NOT_FOUND',
  message: /^there is nothing at this path/,
});

const spoofed = (name: string, headers: Readonly<Record<string, string>>): BadInput => ({
  name: `spoofed: ${name}`,
  request: () => ({ method: 'POST', path: '/v1-webhooks/receivers?projectId=1a5', body: receiver(), headers }),
  status: 401,
  code: 'UNAUTHORIZED',
  message: /does not accept these credentials/,
});

/** Callers who are not who they say. */
export const callers: readonly BadInput[] = [
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
      headers: { authorization: basic(scene.api.sandbox.project.keys.readonly) },
    }),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: /^user doesn't have the access to create webhook/,
  },
];

/** Paths that only look like ours. */
export const paths: readonly BadInput[] = [
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
