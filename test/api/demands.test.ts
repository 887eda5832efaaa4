import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import { redactText } from '../../src/observability/redaction.ts';
import { call } from '../support/http-client.ts';
import type { PlainAnswer } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

let api: RunningApi;
let behindProxy: RunningApi;
let made = 0;

beforeAll(async () => {
  const [driver] = drivers;
  if (driver === undefined) throw new Error('there are no drivers');
  const ownOnly = drivers.map((one) => ({ ...one, provenance: 'ours' as const }));
  [api, behindProxy] = await Promise.all([startApi({ drivers: ownOnly }), startApi({ installPlace: 'rancher-proxy' })]);
});

afterAll(async () => {
  await api.close();
  await behindProxy.close();
});

const proxyHeaders = { 'x-api-roles': 'v1-owner', 'x-api-project-id': '1a5' };

async function create(fields: object, on: RunningApi = api): Promise<PlainAnswer> {
  made += 1;
  const serviceId = on.sandbox.addService({ projectId: '1a5', scale: 1 });
  return await call(on.url, {
    method: 'POST',
    path: '/v1-webhooks/receivers?projectId=1a5',
    headers: on === api ? { authorization: basic(on.sandbox.project.keys.project) } : proxyHeaders,
    body: {
      name: `guarded-${String(made)}`,
      driver: 'scaleService',
      scaleServiceConfig: { serviceId, action: 'up', amount: 1, min: 1, max: 9 },
      ...fields,
    },
  });
}

async function manage(method: string, id: unknown, more: { body?: object; query?: string } = {}): Promise<PlainAnswer> {
  return await call(api.url, {
    method,
    path: `/v1-webhooks/receivers/${String(id)}?projectId=1a5${more.query ?? ''}`,
    headers: { authorization: basic(api.sandbox.project.keys.project) },
    ...(more.body === undefined ? {} : { body: more.body }),
  });
}

async function trigger(receiver: PlainAnswer, headers: Record<string, string> = {}, body = '{}'): Promise<PlainAnswer> {
  const { pathname, search } = new URL(String(receiver.body['url']));
  const sent = { 'content-type': 'application/json', ...headers };
  return await call(api.url, { method: 'POST', path: `${pathname}${search}`, headers: sent, body });
}

type ShownSecret = { readonly id: string; readonly secret?: string };
const secretsOf = (answer: PlainAnswer): readonly ShownSecret[] =>
  (answer.body['signature'] as { secrets: readonly ShownSecret[] }).secrets;

describe('api: what a receiver demands', () => {
  it('makes a secret, shows it once, and lets nobody in without it', async () => {
    const receiver = await create({ signature: { kind: 'gitlab' } });
    const [{ id, secret = '' } = { id: '' }] = secretsOf(receiver);

    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(secretsOf(await manage('GET', receiver.body['id']))).toEqual([{ id, created: expect.any(String) }]);
    expect(JSON.stringify(api.sandbox.inspect(String(receiver.body['id'])))).not.toContain(secret);
    expect(await trigger(receiver)).toMatchObject({ status: 401, body: { code: 'TRIGGER_UNAUTHENTICATED' } });
    expect(await trigger(receiver, { 'x-gitlab-token': secret })).toMatchObject({ status: 200, body: { to: 2 } });
  });

  it('rotates: a second secret beside the first, then alone', async () => {
    const first = 'the-first-secret';
    const second = 'the-second-secret';
    const receiver = await create({ signature: { kind: 'bearer', secrets: [{ secret: first }] } });
    const [kept] = secretsOf(receiver);
    expect(kept).not.toHaveProperty('secret');
    const send = (token: string) => trigger(receiver, { authorization: `Bearer ${token}` });

    const both = await manage('PUT', receiver.body['id'], {
      body: { signature: { kind: 'bearer', secrets: [{ id: kept?.id }, { secret: second }] } },
    });
    expect(both.status).toBe(200);
    expect([(await send(first)).status, (await send(second)).status]).toEqual([200, 200]);

    const added = secretsOf(both).at(-1);
    await manage('PUT', receiver.body['id'], { body: { signature: { kind: 'bearer', secrets: [{ id: added?.id }] } } });
    expect([(await send(first)).status, (await send(second)).status]).toEqual([401, 200]);
  });

  it('keeps what an edit does not name, and takes away what it sets to null', async () => {
    const receiver = await create({ signature: { kind: 'gitlab' }, rateLimit: { triggers: 5, perSeconds: 60 } });
    const { id } = receiver.body;

    expect((await manage('PUT', id, { body: { repeatAfterSeconds: 5 } })).body).toMatchObject({
      signature: { kind: 'gitlab' },
      rateLimit: { triggers: 5, perSeconds: 60 },
    });
    expect((await manage('PUT', id, { body: { signature: null } })).body).not.toHaveProperty('signature');
    expect((await trigger(receiver)).status).toBe(200);
  });

  it('lets a signed request count once', async () => {
    const secret = 'shared-with-grafana';
    const receiver = await create({
      signature: { kind: 'grafana', timestampHeader: 'X-Time', secrets: [{ secret }] },
    });
    const time = String(Math.floor(Date.now() / 1000));
    const mac = createHmac('sha256', secret).update(`${time}:{}`).digest('hex');
    const headers = { 'x-time': time, 'x-grafana-alerting-signature': mac };

    expect(await trigger(receiver, headers)).toMatchObject({ status: 200, body: { to: 2 } });
    expect(await trigger(receiver, headers)).toMatchObject({ status: 401, body: { code: 'TRIGGER_REPLAYED' } });
  });

  it('lets only so many triggers in, and says when to come back', async () => {
    const receiver = await create({ rateLimit: { triggers: 2, perSeconds: 60 } });
    await trigger(receiver);
    await trigger(receiver);

    const third = await trigger(receiver);

    expect(third).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('admits the addresses it names only', async () => {
    expect((await trigger(await create({ allowedSources: ['127.0.0.0/8'] }))).status).toBe(200);
    expect(await trigger(await create({ allowedSources: ['cloudmonitor'] }))).toMatchObject({
      status: 403,
      body: { code: 'SOURCE_NOT_ALLOWED' },
    });
  });

  it.each([
    ['an unknown kind', { signature: { kind: 'md5' } }, 'signature.kind'],
    ['an unknown field', { signature: { kind: 'gitlab', secert: 'x' } }, 'signature.secert'],
    ['a short secret', { signature: { kind: 'gitlab', secrets: [{ secret: 'short' }] } }, 'signature.secrets.0.secret'],
    ['three secrets', { signature: { kind: 'gitlab', secrets: [{}, {}, {}] } }, 'signature.secrets'],
    ['a header where none is taken', { signature: { kind: 'github', header: 'X-Own' } }, 'signature.header'],
    [
      'a header that would show credentials',
      { signature: { kind: 'hmac-sha256', header: 'Cookie' } },
      'signature.header',
    ],
    [
      'a tolerance without a time',
      { signature: { kind: 'grafana', toleranceSeconds: 60 } },
      'signature.toleranceSeconds',
    ],
    [
      'a basic secret that is made',
      { signature: { kind: 'basic', secrets: [{ secret: 'without-colon' }] } },
      'signature.secrets',
    ],
    ['an unknown list', { allowedSources: ['internet'] }, 'allowedSources.0'],
    ['half an address', { allowedSources: ['10.1'] }, 'allowedSources.0'],
    ['a mask that is too long', { allowedSources: ['10.0.0.0/33'] }, 'allowedSources.0'],
    ['no address', { allowedSources: [] }, 'allowedSources'],
    ['a rate of none', { rateLimit: { triggers: 0, perSeconds: 1 } }, 'rateLimit.triggers'],
    ['a field that is misspelt, not the one that is missing', { signature: { knd: 'github' } }, 'signature.knd'],
    [
      'a misspelt amount, not the missing one',
      { scaleServiceConfig: { serviceId: '1s1', action: 'up', amont: 1, min: 1, max: 2 } },
      'scaleServiceConfig.amont',
    ],
    ['a callback to a file', { callback: { url: 'file:///etc/passwd' } }, 'callback.url'],
    ['a callback with a user', { callback: { url: 'https://me:you@ci.example/' } }, 'callback.url'],
  ])('refuses %s by name', async (_what, fields, fieldName) => {
    expect(await create(fields)).toMatchObject({ status: 400, body: { code: 'SETTINGS_INVALID', fieldName } });
  });

  it('refuses a secret that it does not hold', async () => {
    expect(await create({ signature: { kind: 'gitlab', secrets: [{ id: 'nope' }] } })).toMatchObject({
      status: 400,
      body: { code: 'SECRET_UNKNOWN', fieldName: 'signature.secrets' },
    });
  });

  it.each([
    [{ signature: { kind: 'bearer' } }, /Authorization header, which Rancher's proxy takes away/],
    [{ signature: { kind: 'basic', secrets: [{ secret: 'user:password-1' }] } }, /Authorization header/],
    [{ signature: { kind: 'harbor' } }, /Authorization header/],
    [{ signature: { kind: 'github' }, format: 'cloudmonitor' }, /builds forms anew/],
    [{ allowedSources: ['10.0.0.0/8'] }, /does not say which address called it/],
  ])("refuses %j behind Rancher's proxy, where it could never be met", async (fields, reason) => {
    const refused = await create(fields, behindProxy);

    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'SETTINGS_INVALID', message: expect.stringMatching(reason) as unknown },
    });
    expect(redactText(refused.text)).toBe(refused.text);
  });

  it("takes what works behind Rancher's proxy", async () => {
    expect(await create({ signature: { kind: 'gitlab' } }, behindProxy)).toMatchObject({ status: 200 });
    expect(await create({ signature: { kind: 'github' } }, behindProxy)).toMatchObject({ status: 200 });
  });
});

describe('api: whose receiver it is', () => {
  it('runs what somebody else wrote only after it was adopted', async () => {
    const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 1 });
    const id = api.sandbox.addGenericObject({
      projectId: '1a5',
      kind: 'webhookReceiver',
      name: 'by-hand',
      key: 'h'.repeat(40),
      resourceData: {
        driver: 'scaleService',
        config: { serviceId, action: 'up', amount: 1, min: 1, max: 9 },
      },
    });
    let before = await manage('GET', id);
    // The cache hears of what others wrote by the change stream.
    for (let tries = 0; before.status === 404 && tries < 500; tries += 1) before = await manage('GET', id);
    expect(before.body).toMatchObject({ provenance: 'unverified', actions: { adopt: expect.any(String) as unknown } });
    expect(await trigger(before)).toMatchObject({ status: 422, body: { code: 'RECEIVER_UNVERIFIED' } });

    const adopted = await manage('POST', id, { query: '&action=adopt' });

    expect(adopted).toMatchObject({ status: 200, body: { id, provenance: 'ours' } });
    expect(adopted.body['actions']).not.toHaveProperty('adopt');
    expect(await trigger(adopted)).toMatchObject({ status: 200, body: { to: 2 } });
  });

  it('lets nobody adopt who only reads', async () => {
    const receiver = await create({});
    const path = `/v1-webhooks/receivers/${String(receiver.body['id'])}?projectId=1a5&action=adopt`;
    const headers = { authorization: basic(api.sandbox.project.keys.readonly) };

    expect(await call(api.url, { method: 'POST', path, headers })).toMatchObject({ status: 405 });
  });
});
