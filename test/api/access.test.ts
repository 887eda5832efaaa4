import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import { redactText } from '../../src/observability/redaction.ts';
import { call } from '../support/http-client.ts';
import type { PlainAnswer, PlainRequest } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

const list = '/v1-webhooks/receivers?projectId=1a5';
const receiver = (name: string, serviceId: string): object => ({
  name,
  driver: 'scaleService',
  scaleServiceConfig: { serviceId, action: 'up', amount: 1, min: 1, max: 4 },
});

interface Placed {
  readonly api: RunningApi;
  readonly serviceId: string;
  readonly receiverId: string;
  readonly one: string;
}

async function place(api: RunningApi): Promise<Placed> {
  const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 1 });
  const config = { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 4 };
  const settings = { format: 'auto', formatSettings: {}, repeatAfterSeconds: 600 };
  const { id } = await api.receivers.create(
    '1a5',
    { name: 'there', driver: 'scaleService', config, ...settings },
    (key) => key,
  );
  return { api, serviceId, receiverId: id, one: `/v1-webhooks/receivers/${id}?projectId=1a5` };
}

describe('api/rancher-access', () => {
  let placed: Placed;
  let made = 0;

  beforeAll(async () => {
    placed = await place(await startApi());
  });

  afterAll(async () => {
    await placed.api.close();
  });

  type KeyName = 'owner' | 'member' | 'project' | 'environment' | 'restricted' | 'readonly';
  const as = (key: KeyName, request: PlainRequest): Promise<PlainAnswer> =>
    call(placed.api.url, {
      ...request,
      headers: { authorization: basic(placed.api.sandbox.project.keys[key]), ...request.headers },
    });
  const create = (key: KeyName): Promise<PlainAnswer> => {
    made += 1;
    return as(key, { method: 'POST', path: list, body: receiver(`made-${String(made)}`, placed.serviceId) });
  };

  it.each(['owner', 'member', 'project', 'environment', 'restricted'] as const)(
    'lets a %s key manage, because Rancher lets it write generic objects and scale the service',
    async (key) => {
      expect(await create(key)).toMatchObject({ status: 200 });
      expect(await as(key, { path: placed.one })).toMatchObject({ status: 200, body: { url: expect.any(String) } });
    },
  );

  it('lets a readonly key look, without the trigger URL and without actions', async () => {
    const shown = await as('readonly', { path: placed.one });

    expect(shown).toMatchObject({ status: 200, body: { name: 'there', actions: {} } });
    expect(shown.body).not.toHaveProperty('url');
    expect(shown.text).not.toMatch(/key=/);
  });

  it.each([
    ['create', { method: 'POST', path: list, body: receiver('x', '1s1') }],
    ['change', { method: 'PUT', path: '', body: { name: 'x' } }],
    ['delete', { method: 'DELETE', path: '' }],
    ['change', { method: 'POST', path: '&action=rotatekey' }],
    ['change', { method: 'POST', path: '&action=pause' }],
    ['change', { method: 'POST', path: '&action=test' }],
  ] as const)('refuses a readonly key to %s with the words of the old service: %j', async (verb, request) => {
    const path = request.path === list ? list : `${placed.one}${request.path}`;

    expect(await as('readonly', { ...request, path })).toMatchObject({
      status: 405,
      body: { message: expect.stringMatching(`^user doesn't have the access to ${verb} webhook`) as unknown },
    });
  });

  it('asks for credentials as Rancher does, and not when the UI forbids the browser to ask', async () => {
    const asked = await call(placed.api.url, { path: list });
    const quiet = await call(placed.api.url, { path: list, headers: { 'x-api-no-challenge': 'true' } });

    expect(asked).toMatchObject({ status: 401, headers: { 'www-authenticate': expect.stringMatching(/^Basic /) } });
    expect(quiet.status).toBe(401);
    expect(quiet.headers).not.toHaveProperty('www-authenticate');
    expect(redactText(asked.text)).toBe(asked.text);
  });

  it('does not remember a refusal, and remembers a permission for no longer than five seconds', async () => {
    const path = /schemas\/genericObject/i;
    await as('owner', { path: list });
    const before = placed.api.sandbox.calls.count({ path });

    await as('owner', { path: list });
    expect(placed.api.sandbox.calls.count({ path })).toBe(before);
    await call(placed.api.url, { path: list });
    await call(placed.api.url, { path: list });
    expect(placed.api.sandbox.calls.count({ path })).toBe(before + 2);
  });

  it('shows executions to who may read the environment, and to nobody else', async () => {
    const path = '/v1-webhooks/executions?projectId=1a5';
    const { otherProject } = placed.api.sandbox;

    expect(await as('readonly', { path })).toMatchObject({ status: 200, body: { type: 'collection', data: [] } });
    expect(await call(placed.api.url, { path })).toMatchObject({ status: 401 });
    expect(
      await call(placed.api.url, { path, headers: { authorization: basic(otherProject.keys.owner) } }),
    ).toMatchObject({ status: 403 });
  });
});

describe('api/rancher-access, with access control off', () => {
  it('takes a caller without credentials for the admin, as Rancher does', async () => {
    const { api, one } = await place(await startApi({ sandbox: { accessControl: 'off' } }));

    const answer = await call(api.url, { path: one });

    expect(answer).toMatchObject({ status: 200, body: { name: 'there' } });
    await api.close();
  });
});

describe('api/rancher-access, when the driver needs a right of its own', () => {
  it('refuses who may write receivers and may not do what they do', async () => {
    const allowedToNobody = drivers.map((driver) => ({ ...driver, isAllowed: async () => false }));
    const { api, one, serviceId } = await place(await startApi({ drivers: allowedToNobody }));
    const headers = { authorization: basic(api.sandbox.project.keys.owner) };
    const forbidden = { status: 403, body: { code: 'FORBIDDEN', fieldName: 'scaleServiceConfig' } };

    expect(
      await call(api.url, { method: 'POST', path: list, headers, body: receiver('new', serviceId) }),
    ).toMatchObject(forbidden);
    expect(await call(api.url, { method: 'PUT', path: one, headers, body: { name: 'x' } })).toMatchObject(forbidden);
    expect(await call(api.url, { method: 'POST', path: `${one}&action=rotatekey`, headers })).toMatchObject(forbidden);
    expect(await call(api.url, { method: 'POST', path: `${one}&action=pause`, headers })).toMatchObject({
      status: 200,
    });
    await api.close();
  });
});

describe('api/proxy-access', () => {
  let placed: Placed;

  beforeAll(async () => {
    placed = await place(await startApi({ installPlace: 'rancher-proxy' }));
  });

  afterAll(async () => {
    await placed.api.close();
  });

  let made = 0;
  const roles = (value: string, projectId = '1a5'): Record<string, string> => ({
    'x-api-roles': value,
    'x-api-project-id': projectId,
  });
  const create = (headers: Record<string, string>): Promise<PlainAnswer> => {
    made += 1;
    const body = receiver(`behind-${String(made)}`, placed.serviceId);
    return call(placed.api.url, { method: 'POST', path: list, headers, body });
  };

  afterEach(() => {
    placed.api.sandbox.calls.clear();
  });

  it.each(['v1-owner', 'v1-member', 'owner', 'member', 'environment', 'v1-project', 'v1-admin', 'v1-owner,v1-user'])(
    'lets %s manage',
    async (value) => {
      expect(await create(roles(value))).toMatchObject({ status: 200, body: { url: expect.any(String) } });
    },
  );

  it.each([
    'readonly',
    'v1-readonly',
    'restricted',
    'v1-restricted',
    'user,readonly',
    'v1-owner, v1-readonly',
    'v1-user',
    'nonsense',
  ])('lets %s look only, without trigger URLs', async (value) => {
    const shown = await call(placed.api.url, { path: placed.one, headers: roles(value) });

    expect(shown.status).toBe(200);
    expect(shown.text).not.toMatch(/key=/);
    expect(await create(roles(value))).toMatchObject({
      status: 405,
      body: { message: expect.stringMatching(/^user doesn't have the access to create webhook/) as unknown },
    });
  });

  it.each([
    ['no headers at all', {}],
    ['the headers of nobody', roles('', '1a!-1')],
    ['nobody with a role', roles('v1-owner', '1a!-1')],
    ['no roles', roles('')],
    ['no project', { 'x-api-roles': 'v1-owner' }],
    [
      'an Authorization header, which never comes through the proxy',
      { authorization: 'Basic c2FuZGJveDpzYW5kYm94LXNlY3JldA==' },
    ],
    ['cookies', { cookie: 'token=x; CSRF=y', 'x-api-csrf': 'y' }],
  ])('answers 401 to %s', async (_what, headers) => {
    expect(await call(placed.api.url, { path: list, headers })).toMatchObject({ status: 401 });
    expect(await create(headers)).toMatchObject({ status: 401 });
  });

  it('believes the project that Rancher checked, not the one in the query', async () => {
    const headers = roles('v1-owner', '1a7');

    expect(await call(placed.api.url, { path: list, headers })).toMatchObject({ status: 403 });
    expect(await create(headers)).toMatchObject({ status: 403 });
    expect(await call(placed.api.url, { method: 'DELETE', path: placed.one, headers })).toMatchObject({ status: 403 });
    expect(placed.api.sandbox.inspect(placed.receiverId)).toMatchObject({ state: 'active' });
  });

  it('lets the headers of nobody trigger', async () => {
    const stored = await placed.api.receivers.find('1a5', placed.receiverId);
    const path = `/v1-webhooks/endpoint?key=${stored?.key ?? ''}&projectId=1a5&dryRun=true`;

    expect(await call(placed.api.url, { method: 'POST', path, headers: roles('', '1a!-1') })).toMatchObject({
      status: 200,
    });
  });
});
