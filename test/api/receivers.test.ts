import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import type { PlainAnswer, PlainRequest } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

let api: RunningApi;
let serviceId: string;

beforeAll(async () => {
  api = await startApi({ triggerKeys: 'plain' });
  serviceId = api.sandbox.addService({ projectId: '1a5', name: 'webapp', scale: 1 });
});

afterAll(async () => {
  await api.close();
});

const owner = (request: PlainRequest): Promise<PlainAnswer> =>
  call(api.url, {
    ...request,
    headers: { authorization: basic(api.sandbox.project.keys.owner), ...request.headers },
  });

const up = (name: string, more: object = {}): object => ({
  name,
  driver: 'scaleService',
  scaleServiceConfig: { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 4 },
  ...more,
});

const create = async (name: string, more: object = {}): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await owner({ method: 'POST', path: '/v1-webhooks/receivers?projectId=1a5', body: up(name, more) });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};

const pathOf = (link: unknown): string => {
  const { pathname, search } = new URL(String(link));
  return `${pathname}${search}`;
};
const selfOf = (receiver: Readonly<Record<string, unknown>>): string =>
  `/v1-webhooks/receivers/${String(receiver['id'])}?projectId=1a5`;
const trigger = (receiver: Readonly<Record<string, unknown>>): Promise<PlainAnswer> =>
  call(api.url, { method: 'POST', path: pathOf(receiver['url']) });

describe('api/routes/receivers', () => {
  it('makes a receiver whose URL scales the service', async () => {
    const receiver = await create('makes');

    expect(receiver).toMatchObject({
      type: 'receiver',
      name: 'makes',
      state: 'active',
      driver: 'scaleService',
      scaleServiceConfig: { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 4 },
      scaleHostConfig: {},
      serviceUpgradeConfig: {},
      forwardPostConfig: {},
      format: 'auto',
      repeatAfterSeconds: 600,
    });
    const answer = await trigger(receiver);
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'scaled', from: 1, to: 2 } });
    expect(api.sandbox.inspect(serviceId)).toMatchObject({ scale: 2 });
  });

  it('triggers by path, too', async () => {
    const receiver = await create('by-path');
    const key = new URL(String(receiver['url'])).searchParams.get('key') ?? '';

    const answer = await call(api.url, {
      method: 'POST',
      path: `/v1-webhooks/endpoint/1a5/${key}?dryRun=true`,
    });

    expect(answer).toMatchObject({ status: 200, body: { dryRun: true } });
  });

  it('stores what the old service stores, where it finds it', async () => {
    const receiver = await create('as-of-old');

    expect(api.sandbox.inspect(String(receiver['id']))).toMatchObject({
      kind: 'webhookReceiver',
      name: 'as-of-old',
      key: expect.stringMatching(/^[A-Za-z0-9]{40}$/) as unknown,
      resourceData: { url: receiver['url'], driver: 'scaleService', config: receiver['scaleServiceConfig'] },
    });
  });

  it('edits a config and leaves id, key and the rest', async () => {
    const receiver = await create('edits', { repeatAfterSeconds: 60 });

    const edited = await owner({
      method: 'PUT',
      path: selfOf(receiver),
      body: { scaleServiceConfig: { ...(receiver['scaleServiceConfig'] as object), max: 9 } },
    });

    expect(edited).toMatchObject({
      status: 200,
      body: { id: receiver['id'], url: receiver['url'], repeatAfterSeconds: 60, scaleServiceConfig: { max: 9 } },
    });
    expect((await owner({ path: selfOf(receiver) })).body).toEqual(edited.body);
  });

  it('keeps both of two edits that come at the same time', async () => {
    const receiver = await create('edited-twice');
    const put = (body: object): Promise<PlainAnswer> => owner({ method: 'PUT', path: selfOf(receiver), body });
    const rateLimit = { triggers: 3, perSeconds: 60 };

    const answers = await Promise.all([put({ rateLimit }), put({ repeatAfterSeconds: 7 })]);

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await owner({ path: selfOf(receiver) })).body).toMatchObject({ rateLimit, repeatAfterSeconds: 7 });
  });

  it('takes away what an edit sets to null, back to what a new receiver has, and refuses it of what none is without', async () => {
    const receiver = await create('emptied');
    const put = (body: object): Promise<PlainAnswer> => owner({ method: 'PUT', path: selfOf(receiver), body });
    const given = {
      format: 'alertmanager',
      formatSettings: { onResolved: 'reverse' },
      repeatAfterSeconds: 5,
      rateLimit: { triggers: 3, perSeconds: 60 },
      allowedSources: ['192.0.2.0/24'],
    };
    expect(await put(given)).toMatchObject({ status: 200, body: given });

    const refused = [await put({ name: null }), await put({ scaleServiceConfig: null })];
    const emptied = await put(Object.fromEntries(Object.keys(given).map((field) => [field, null])));

    expect(refused).toMatchObject([
      { status: 400, body: { code: 'SETTINGS_INVALID', fieldName: 'name' } },
      { status: 400, body: { code: 'SETTINGS_INVALID' } },
    ]);
    expect(emptied).toMatchObject({ status: 200, body: { name: 'emptied', format: 'auto', repeatAfterSeconds: 600 } });
    for (const field of ['formatSettings', 'rateLimit', 'allowedSources'] as const)
      expect(emptied.body[field] ?? null).toEqual(receiver[field] ?? null);
  });

  it('takes back what it answered, as the UI sends it when it saves', async () => {
    const receiver = await create('saved-again');

    const answer = await owner({ method: 'PUT', path: selfOf(receiver), body: receiver });

    expect(answer).toMatchObject({ status: 200, body: receiver });
  });

  it('renames: the id and the URL stay, and the old name is free again', async () => {
    const receiver = await create('before');

    const renamed = await owner({ method: 'PUT', path: selfOf(receiver), body: { name: 'after' } });

    expect(renamed).toMatchObject({ status: 200, body: { id: receiver['id'], name: 'after', url: receiver['url'] } });
    expect((await owner({ path: selfOf(receiver) })).body).toEqual(renamed.body);
    await create('before');
    const list = (await owner({ path: '/v1-webhooks/receivers?projectId=1a5' })).body['data'] as { id: string }[];
    expect(list.filter(({ id }) => id === receiver['id'])).toHaveLength(1);
  });

  it('refuses to rename to a taken name and keeps the receiver as it was', async () => {
    await create('taken');
    const receiver = await create('wants-it');

    const answer = await owner({ method: 'PUT', path: selfOf(receiver), body: { name: 'taken' } });

    expect(answer).toMatchObject({ status: 400, body: { code: 'NAME_TAKEN', fieldName: 'name' } });
    expect((await owner({ path: selfOf(receiver) })).body).toEqual(receiver);
  });

  it('pauses at once and resumes at once', async () => {
    const receiver = await create('pauses');

    const paused = await owner({ method: 'POST', path: `${selfOf(receiver)}&action=pause` });
    const whilePaused = await trigger(receiver);
    const resumed = await owner({ method: 'POST', path: `${selfOf(receiver)}&action=resume` });
    const afterwards = await call(api.url, {
      method: 'POST',
      path: `${pathOf(receiver['url'])}&dryRun=true`,
    });

    expect(paused).toMatchObject({ status: 200, body: { state: 'paused', actions: { resume: expect.any(String) } } });
    expect(whilePaused).toMatchObject({ status: 403, body: { code: 'RECEIVER_PAUSED' } });
    expect(resumed).toMatchObject({ status: 200, body: { state: 'active' } });
    expect(afterwards).toMatchObject({ status: 200 });
  });

  it('rotates the key: the old URL is dead at once, the new one works, the id stays', async () => {
    const receiver = await create('rotates');

    const rotated = await owner({ method: 'POST', path: `${selfOf(receiver)}&action=rotatekey` });

    expect(rotated).toMatchObject({ status: 200, body: { id: receiver['id'], name: 'rotates' } });
    expect(rotated.body['url']).not.toBe(receiver['url']);
    expect(await trigger(receiver)).toMatchObject({ status: 403, body: { code: 'RECEIVER_NOT_FOUND' } });
    const answer = await call(api.url, { method: 'POST', path: `${pathOf(rotated.body['url'])}&dryRun=true` });
    expect(answer).toMatchObject({ status: 200 });
  });

  it('tests without changing anything', async () => {
    const receiver = await create('tested');
    const before = api.sandbox.inspect(serviceId);

    const answer = await owner({ method: 'POST', path: `${selfOf(receiver)}&action=test` });

    expect(answer).toMatchObject({ status: 200, body: { dryRun: true, outcome: 'scaled', from: 2, to: 3 } });
    expect(api.sandbox.inspect(serviceId)).toEqual(before);
  });

  it('removes: gone from the list, 404 afterwards, 403 for its key, 204 for a second delete', async () => {
    const receiver = await create('removed');

    const removed = await owner({ method: 'DELETE', path: selfOf(receiver) });

    expect(removed).toMatchObject({ status: 204, text: '' });
    expect(await trigger(receiver)).toMatchObject({
      status: 403,
      body: { message: 'Requested webhook has been revoked/does not exist for this account' },
    });
    expect(await owner({ path: selfOf(receiver) })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(await owner({ method: 'DELETE', path: selfOf(receiver) })).toMatchObject({ status: 204 });
    const list = (await owner({ path: '/v1-webhooks/receivers?projectId=1a5' })).body['data'] as { id: string }[];
    expect(list.map(({ id }) => id)).not.toContain(receiver['id']);
  });

  it("lets other objects' names be: only another receiver can have taken one", async () => {
    for (const kind of ['register', 'somethingElse'])
      api.sandbox.addGenericObject({ projectId: '1a5', kind, name: 'shared-name', key: kind, resourceData: {} });

    const path = '/v1-webhooks/receivers?projectId=1a5';
    const [first, second] = [
      await owner({ method: 'POST', path, body: up('shared-name') }),
      await owner({ method: 'POST', path, body: up('shared-name') }),
    ];

    expect([first.status, second.status, second.body['code']]).toEqual([200, 400, 'NAME_TAKEN']);
  });

  it('lets one of several simultaneous creates of one name win', async () => {
    const path = '/v1-webhooks/receivers?projectId=1a5';

    const answers = await Promise.all(
      Array.from({ length: 4 }, () => owner({ method: 'POST', path, body: up('at-once') })),
    );

    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', '400', '400', '400']);
  });

  it('shows a receiver that it cannot use as an error with the reason, and removes it on request', async () => {
    const id = api.sandbox.addGenericObject({
      projectId: '1a5',
      kind: 'webhookReceiver',
      name: 'upgrades',
      key: 'k'.repeat(40),
      resourceData: { url: 'http://x/', driver: 'serviceUpgrade', config: { type: 'serviceUpgrade', tag: 'v1' } },
    });
    const path = `/v1-webhooks/receivers/${id}?projectId=1a5`;

    // Placed without a word on the change stream: the trigger's own look-up finds it.
    const triggered = await call(api.url, {
      method: 'POST',
      path: `/v1-webhooks/endpoint?key=${'k'.repeat(40)}&projectId=1a5`,
    });
    const shown = await owner({ path });

    expect(triggered).toMatchObject({ status: 422, body: { code: 'SETTINGS_INVALID' } });
    expect(shown).toMatchObject({
      status: 200,
      body: { state: 'error', driver: 'serviceUpgrade', serviceUpgradeConfig: { tag: 'v1' } },
    });
    expect(await owner({ method: 'DELETE', path })).toMatchObject({ status: 204 });
  });
});
