import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import type { PlainAnswer } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

let api: RunningApi;
let guarded: RunningApi;
let made = 0;

beforeAll(async () => {
  [api, guarded] = await Promise.all([
    startApi({ receiverDefaults: { cooldownSeconds: 3_600 } }),
    startApi({ receiverDefaults: { cooldownSeconds: 0, allowedSources: ['192.0.2.0/24'] } }),
  ]);
});
afterAll(async () => {
  await api.close();
  await guarded.close();
});

const bounds = { action: 'up', amount: 1, min: 1, max: 9 };
const manage = (on: RunningApi, method: string, path: string, body?: object): Promise<PlainAnswer> =>
  call(on.url, {
    method,
    path: `/v1-webhooks/receivers${path}`,
    headers: { authorization: basic(on.sandbox.project.keys.project) },
    ...(body === undefined ? {} : { body }),
  });

async function create(on: RunningApi, config: object = {}, more: object = {}): Promise<PlainAnswer> {
  made += 1;
  const serviceId = on.sandbox.addService({ projectId: '1a5', scale: 1 });
  const scaleServiceConfig = { serviceId, ...bounds, ...config };
  const body = { name: `plain-${String(made)}`, driver: 'scaleService', scaleServiceConfig, ...more };
  return await manage(on, 'POST', '?projectId=1a5', body);
}

async function trigger(on: RunningApi, receiver: PlainAnswer, query = ''): Promise<PlainAnswer> {
  const { pathname, search } = new URL(String(receiver.body['url']));
  return await call(on.url, { method: 'POST', path: `${pathname}${search}${query}`, body: {} });
}

describe('api: what the installation sets for receivers that leave it out', () => {
  it('cools down where the receiver says nothing, and shows that it does', async () => {
    const receiver = await create(api);

    expect(receiver.body).toMatchObject({ installationDefaults: { cooldownSeconds: 3_600 } });
    expect(receiver.body['scaleServiceConfig']).not.toHaveProperty('cooldownSeconds');
    expect(await trigger(api, receiver)).toMatchObject({ status: 200, body: { outcome: 'scaled', to: 2 } });
    expect(await trigger(api, receiver)).toMatchObject({ status: 200, body: { outcome: 'cooling-down', to: 2 } });
    expect((await trigger(api, receiver, '&dryRun=true')).body).toMatchObject({ outcome: 'cooling-down' });
    const { id } = receiver.body;
    expect((await manage(api, 'POST', `/${String(id)}?projectId=1a5&action=test`)).body).toMatchObject({
      outcome: 'cooling-down',
      message: expect.stringMatching(/^cooling down for another 3\d{3} s$/),
    });
  });

  it("lets the receiver's own cooldown go before it, 0 included", async () => {
    const receiver = await create(api, { cooldownSeconds: 0 });

    expect(receiver.body['installationDefaults']).toEqual({});
    await trigger(api, receiver);
    expect(await trigger(api, receiver)).toMatchObject({ body: { outcome: 'scaled', to: 3 } });
  });

  it('holds for a receiver that the old service stored', async () => {
    const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 1 });
    const key = 'k'.repeat(40);
    api.sandbox.addGenericObject({
      projectId: '1a5',
      name: 'of-old',
      key,
      kind: 'webhookReceiver',
      resourceData: { url: '', driver: 'scaleService', config: { type: 'scaleService', serviceId, ...bounds } },
    });
    const path = `/v1-webhooks/endpoint?key=${key}&projectId=1a5`;

    expect((await call(api.url, { method: 'POST', path, body: {} })).body).toMatchObject({ outcome: 'scaled' });
    expect((await call(api.url, { method: 'POST', path, body: {} })).body).toMatchObject({ outcome: 'cooling-down' });
  });

  it('stays out of the receiver when what was read is written back', async () => {
    const { body } = await create(api);

    const saved = await manage(api, 'PUT', `/${String(body['id'])}?projectId=1a5`, body);

    expect(saved).toMatchObject({ status: 200, body: { installationDefaults: { cooldownSeconds: 3_600 } } });
    expect(JSON.stringify(api.sandbox.inspect(String(body['id'])))).not.toContain('cooldownSeconds');
  });

  it('takes triggers from its sources only where the receiver names none', async () => {
    const plain = await create(guarded);
    const open = await create(guarded, {}, { allowedSources: ['0.0.0.0/0', '::/0'] });

    expect(plain.body['installationDefaults']).toEqual({ cooldownSeconds: 0, allowedSources: ['192.0.2.0/24'] });
    expect(await trigger(guarded, plain)).toMatchObject({
      status: 403,
      body: { code: 'SOURCE_NOT_ALLOWED', message: 'this installation does not admit the address 127.0.0.1' },
    });
    expect(open.body['installationDefaults']).toEqual({ cooldownSeconds: 0 });
    expect(await trigger(guarded, open)).toMatchObject({ status: 200, body: { outcome: 'scaled' } });
  });
});
