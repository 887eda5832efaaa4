import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import type { PlainAnswer } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

type Shown = Readonly<Record<string, unknown>> & { readonly id: string; readonly outcome?: string };

let api: RunningApi;
let made = 0;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api.close();
});

const as = (role: 'owner' | 'readonly'): Record<string, string> => ({
  authorization: basic(api.sandbox.project.keys[role]),
});

interface Receiver {
  readonly id: string;
  readonly serviceId: string;
  readonly config: object;
  trigger(query?: string): Promise<PlainAnswer>;
  manage(method: string, more?: { readonly body?: object; readonly query?: string }): Promise<PlainAnswer>;
}

async function makeReceiver({ max }: { readonly max: number }): Promise<Receiver> {
  made += 1;
  const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 2 });
  const config = { serviceId, action: 'up', amount: 1, min: 1, max };
  const answer = await call(api.url, {
    method: 'POST',
    path: '/v1-webhooks/receivers?projectId=1a5',
    headers: as('owner'),
    body: { name: `receiver-${String(made)}`, driver: 'scaleService', scaleServiceConfig: config },
  });
  const id = String(answer.body['id']);
  const { pathname, search } = new URL(String(answer.body['url']));
  return {
    id,
    serviceId,
    config,
    trigger: (query = '') => call(api.url, { method: 'POST', path: `${pathname}${search}${query}` }),
    manage: (method, { body, query = '' } = {}) =>
      call(api.url, {
        method,
        path: `/v1-webhooks/receivers/${id}?projectId=1a5${query}`,
        headers: as('owner'),
        ...(body === undefined ? {} : { body }),
      }),
  };
}

async function list(query = '', headers = as('owner')): Promise<PlainAnswer> {
  return await call(api.url, { path: `/v1-webhooks/executions?projectId=1a5${query}`, headers });
}

const shownIn = (answer: PlainAnswer): readonly Shown[] => answer.body['data'] as readonly Shown[];

async function act(id: unknown, action: string, headers = as('owner')): Promise<PlainAnswer> {
  const path = `/v1-webhooks/executions/${String(id)}?projectId=1a5&action=${action}`;
  return await call(api.url, { method: 'POST', path, headers });
}

const scaleOf = (serviceId: string): unknown => api.sandbox.inspect(serviceId)?.['scale'];

describe('api/routes/executions', () => {
  describe('the history', () => {
    it('filters by receiver, target, outcome, state and time', async () => {
      const [one, other] = [await makeReceiver({ max: 3 }), await makeReceiver({ max: 5 })];
      const scaled = await one.trigger();
      const refused = await one.trigger();
      const beforeOther = new Date(Date.now() + 1).toISOString();
      await new Promise((resolve) => setTimeout(resolve, 5));
      const last = await other.trigger();
      const ids = async (query: string): Promise<readonly string[]> => shownIn(await list(query)).map(({ id }) => id);

      expect(scaled.status).toBe(200);
      expect(await ids(`&receiverId=${one.id}`)).toEqual([refused.body['executionId'], scaled.body['executionId']]);
      expect(await ids(`&receiverId=${one.id}&outcome=limit-reached`)).toEqual([refused.body['executionId']]);
      expect(await ids(`&target=1a5/service/${other.serviceId}/scale`)).toEqual([last.body['executionId']]);
      expect(await ids(`&receiverId=${one.id}&state=waiting`)).toEqual([]);
      expect(await ids(`&receiverId=${one.id}&state=finished`)).toHaveLength(2);
      expect(await ids(`&acceptedFrom=${beforeOther}`)).toContain(last.body['executionId']);
      expect(await ids(`&acceptedFrom=${beforeOther}`)).not.toContain(scaled.body['executionId']);
      expect(await ids(`&acceptedBefore=${beforeOther}`)).toContain(scaled.body['executionId']);
    });

    it('pages from the newest on, each execution once, while new ones arrive', async () => {
      const receiver = await makeReceiver({ max: 30 });
      const told: unknown[] = [];
      for (let at = 0; at < 7; at += 1) told.push((await receiver.trigger()).body['executionId']);

      const seen: string[] = [];
      let page = await list(`&receiverId=${receiver.id}&limit=3`);
      for (;;) {
        seen.push(...shownIn(page).map(({ id }) => id));
        const { next } = page.body['pagination'] as { readonly next: string | null };
        if (next === null) break;
        await receiver.trigger();
        const { pathname, search } = new URL(next);
        page = await call(api.url, { path: `${pathname}${search}`, headers: as('owner') });
      }

      expect(seen).toEqual(told.toReversed());
    });

    it('refuses a marker and a filter that are none', async () => {
      expect((await list('&marker=abc')).body).toMatchObject({ code: 'REQUEST_INVALID', fieldName: 'marker' });
      expect((await list('&outcome=great')).body).toMatchObject({ code: 'REQUEST_INVALID', fieldName: 'outcome' });
      expect((await list('&acceptedFrom=yesterday')).body).toMatchObject({ fieldName: 'acceptedFrom' });
      expect((await list('&acceptedFrom=2026-02-30T00:00:00Z')).body).toMatchObject({ fieldName: 'acceptedFrom' });
    });

    it('names itself with everything it was asked for, and takes a limit that is too large for the most', async () => {
      const receiver = await makeReceiver({ max: 5 });
      await receiver.trigger();
      await receiver.trigger();
      const [latest] = shownIn(await list(`&receiverId=${receiver.id}`));
      const page = await list(`&receiverId=${receiver.id}&limit=1`);
      const { pathname, search } = new URL((page.body['links'] as { readonly self: string }).self);

      const again = await call(api.url, { path: `${pathname}${search}`, headers: as('owner') });
      expect(shownIn(again)).toEqual([latest]);
      expect((await list('&limit=99999999999999999999')).body['pagination']).toMatchObject({ limit: 1_000 });
    });

    it('is shown to who may read the receivers of that environment, and to nobody else', async () => {
      const receiver = await makeReceiver({ max: 2 });
      const id = String((await receiver.trigger()).body['executionId']);
      const path = `/v1-webhooks/executions/${id}?projectId=1a7`;
      const foreign = { authorization: basic(api.sandbox.otherProject.keys.owner) };

      expect((await list('', as('readonly'))).status).toBe(200);
      expect((await list('', foreign)).status).toBe(403);
      expect((await list('', {})).status).toBe(401);
      expect((await call(api.url, { path, headers: foreign })).status).toBe(404);
    });

    it('offers an action only where it would be done, and to who may do it', async () => {
      const receiver = await makeReceiver({ max: 3 });
      await receiver.trigger();
      await receiver.trigger();
      const query = `&receiverId=${receiver.id}`;

      const [refused, scaled] = shownIn(await list(query));
      const [seenByReader] = shownIn(await list(query, as('readonly')));

      expect(Object.keys(refused?.['actions'] as object)).toEqual(['retry']);
      expect(scaled?.['actions']).toEqual({});
      expect(seenByReader?.['actions']).toEqual({});
    });

    it('is shown while Rancher is away, without what nobody can say then', async () => {
      const apart = await startApi({ installPlace: 'rancher-proxy' });
      const headers = { 'x-api-project-id': '1a5', 'x-api-roles': 'v1-owner' };
      const serviceId = apart.sandbox.addService({ projectId: '1a5', scale: 2 });
      const scaleServiceConfig = { serviceId, action: 'up', amount: 1, min: 1, max: 2 };
      const path = '/v1-webhooks/receivers?projectId=1a5';
      const body = { name: 'up', driver: 'scaleService', scaleServiceConfig };
      const receiver = await call(apart.url, { method: 'POST', path, headers, body });
      const { pathname, search } = new URL(String(receiver.body['url']));
      await call(apart.url, { method: 'POST', path: `${pathname}${search}` });

      const look = () => call(apart.url, { path: '/v1-webhooks/executions?projectId=1a5', headers });
      const before = await look();
      await apart.sandbox.faults.goAway();
      const meanwhile = await look();
      await apart.close();

      expect(shownIn(before)).toMatchObject([{ outcome: 'limit-reached', actions: { retry: expect.any(String) } }]);
      expect(meanwhile.status).toBe(200);
      expect(shownIn(meanwhile)).toMatchObject([{ outcome: 'limit-reached', links: shownIn(before)[0]?.['links'] }]);
      expect(shownIn(meanwhile)[0]?.['actions']).toEqual({});
    });

    it('offers no retry, and no link to it, once its receiver is paused or gone', async () => {
      const receiver = await makeReceiver({ max: 2 });
      await receiver.trigger();
      const query = `&receiverId=${receiver.id}`;

      await receiver.manage('POST', { query: '&action=pause' });
      const [paused] = shownIn(await list(query));
      await receiver.manage('DELETE');
      const [left] = shownIn(await list(query));

      expect(paused).toMatchObject({ actions: {}, links: { receiver: expect.stringContaining(receiver.id) } });
      expect(left?.['actions']).toEqual({});
      expect(Object.keys(left?.['links'] as object)).toEqual(['self']);
    });
  });

  describe('a retry', () => {
    it('is a new execution of the receiver as it is now, decided anew', async () => {
      const receiver = await makeReceiver({ max: 2 });
      const refused = await receiver.trigger();
      await receiver.manage('PUT', { body: { scaleServiceConfig: { ...receiver.config, max: 5, amount: 2 } } });

      const retried = await act(refused.body['executionId'], 'retry');

      expect(retried).toMatchObject({ status: 200, body: { outcome: 'scaled', from: 2, to: 4 } });
      expect(retried.body['id']).not.toBe(refused.body['executionId']);
      expect(retried.body['reason']).toContain(`retry of ${String(refused.body['executionId'])}`);
      expect(scaleOf(receiver.serviceId)).toBe(4);
    });

    it('counts once however often it is asked for', async () => {
      const receiver = await makeReceiver({ max: 2 });
      const refused = await receiver.trigger();
      await receiver.manage('PUT', { body: { scaleServiceConfig: { ...receiver.config, max: 5 } } });

      const answers = await Promise.all([1, 2, 3].map(() => act(refused.body['executionId'], 'retry')));
      const again = await act(refused.body['executionId'], 'retry');

      expect(new Set([...answers, again].map(({ body }) => body['id'])).size).toBe(1);
      expect(scaleOf(receiver.serviceId)).toBe(3);
    });

    it('asks once more when the retry before it came to nothing', async () => {
      const receiver = await makeReceiver({ max: 2 });
      const refused = await receiver.trigger();
      const first = await act(refused.body['executionId'], 'retry');
      await receiver.manage('PUT', { body: { scaleServiceConfig: { ...receiver.config, max: 5 } } });

      const second = await act(refused.body['executionId'], 'retry');
      const third = await act(refused.body['executionId'], 'retry');

      expect(first.body).toMatchObject({ outcome: 'limit-reached' });
      expect(second.body).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
      expect(third.body['id']).toBe(second.body['id']);
    });

    it('is refused with how it ended after every other outcome', async () => {
      const receiver = await makeReceiver({ max: 5 });
      const scaled = await receiver.trigger();

      expect(await act(scaled.body['executionId'], 'retry')).toMatchObject({
        status: 422,
        body: { code: 'ACTION_NOT_AVAILABLE', message: expect.stringContaining('ended as scaled') },
      });
      expect(scaleOf(receiver.serviceId)).toBe(3);
    });

    it('is refused once its receiver is paused, and once it is gone', async () => {
      const receiver = await makeReceiver({ max: 2 });
      const id = (await receiver.trigger()).body['executionId'];

      await receiver.manage('POST', { query: '&action=pause' });
      expect(await act(id, 'retry')).toMatchObject({ status: 403, body: { code: 'RECEIVER_PAUSED' } });
      await receiver.manage('DELETE');
      expect(await act(id, 'retry')).toMatchObject({ status: 422, body: { code: 'ACTION_NOT_AVAILABLE' } });
    });
  });

  describe('a cancellation', () => {
    it('ends what waits, tells the caller who waits for it, and lets nothing be sent', async () => {
      const receiver = await makeReceiver({ max: 5 });
      const path = new RegExp(`/services/${receiver.serviceId}`);
      api.sandbox.faults.add({ path, times: Infinity, fault: { kind: 'status', status: 503, when: 'before-acting' } });
      const waiting = receiver.trigger();
      let found: Shown | undefined;
      while (found === undefined) [found] = shownIn(await list(`&receiverId=${receiver.id}`));

      const cancelled = await act(found.id, 'cancel');
      api.sandbox.faults.clear();

      expect(Object.keys(found['actions'] as object)).toEqual(['cancel']);
      const ended = { outcome: 'failed', code: 'CANCELLED', applied: 'no' };
      expect(cancelled).toMatchObject({ status: 200, body: { state: 'finished', ...ended } });
      expect(await waiting).toMatchObject({ status: 422, body: ended });
      expect(await receiver.trigger()).toMatchObject({ status: 200, body: { from: 2, to: 3 } });
    });

    it('is refused for what has ended', async () => {
      const receiver = await makeReceiver({ max: 5 });
      const id = (await receiver.trigger()).body['executionId'];

      expect(await act(id, 'cancel')).toMatchObject({
        status: 422,
        body: { code: 'ACTION_NOT_AVAILABLE', message: expect.stringContaining('ended as scaled') },
      });
    });
  });

  it.each(['retry', 'cancel'])('lets nobody %s who may only read, or is of another environment', async (action) => {
    const receiver = await makeReceiver({ max: 2 });
    const id = (await receiver.trigger()).body['executionId'];
    const foreign = { authorization: basic(api.sandbox.otherProject.keys.owner) };
    const elsewhere = `/v1-webhooks/executions/${String(id)}?projectId=1a7&action=${action}`;

    expect((await act(id, action, as('readonly'))).status).toBe(405);
    expect((await act(id, action, foreign)).status).toBe(403);
    expect((await act(id, action, {})).status).toBe(401);
    expect((await call(api.url, { method: 'POST', path: elsewhere, headers: foreign })).status).toBe(404);
  });

  it('names the actions there are for any other', async () => {
    expect(await act('01J', 'explode')).toMatchObject({ status: 400, body: { fieldName: 'action' } });
    expect(await act('01J', 'cancel')).toMatchObject({ status: 404 });
  });
});
