import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import type { PlainAnswer } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

let api: RunningApi;
let serviceId: string;

const push = JSON.parse(readFileSync(new URL('../fixtures/pushes/dockerhub.json', import.meta.url), 'utf8')) as object;
const owner = (method: string, path: string, body?: object): Promise<PlainAnswer> =>
  call(api.url, {
    method,
    path,
    headers: { authorization: basic(api.sandbox.project.keys.owner) },
    ...(body === undefined ? {} : { body }),
  });
const create = (name: string, fields: object = {}, more: object = {}): Promise<PlainAnswer> =>
  owner('POST', '/v1-webhooks/receivers?projectId=1a5', {
    name,
    driver: 'serviceUpgrade',
    serviceUpgradeConfig: {
      type: 'serviceUpgrade',
      serviceSelector: { app: 'web' },
      tag: 'v2',
      batchSize: 1,
      intervalMillis: 1,
      ...fields,
    },
    ...more,
  });
const trigger = ({ body }: PlainAnswer, sent: object | string): Promise<PlainAnswer> => {
  const { pathname, search } = new URL(String(body['url']));
  return call(api.url, { method: 'POST', path: `${pathname}${search}`, body: sent });
};

beforeAll(async () => {
  api = await startApi({ triggerKeys: 'plain', sandbox: { speed: 50 } });
  serviceId = api.sandbox.addService({
    projectId: '1a5',
    name: 'webapp',
    launchConfig: { imageUuid: 'docker:acme/web:v1', labels: { app: 'web' } },
  });
});

afterAll(() => api.close());

describe('api: pushes of a registry', () => {
  it('answers 202 with the place to look, upgrades, and tells the rest in the history', async () => {
    const receiver = await create('deploy');

    const answer = await trigger(receiver, push);

    expect(answer).toMatchObject({ status: 202, body: { format: 'dockerhub', reason: 'pushed acme/web:v2' } });
    let seen = await owner('GET', String(answer.headers['location']));
    while (seen.body['state'] !== 'finished') {
      await new Promise((resolve) => setTimeout(resolve, 50));
      seen = await owner('GET', String(answer.headers['location']));
    }
    expect(seen.body).toMatchObject({ outcome: 'scaled', items: [{ message: 'upgraded webapp to acme/web:v2' }] });
    expect(api.sandbox.inspect(serviceId)).toMatchObject({ launchConfig: { imageUuid: 'docker:acme/web:v2' } });
  });

  it('counts the same push once', async () => {
    const receiver = await create('once', { tag: 'v9', matchImage: false });
    const sent = { ...push, push_data: { pushed_at: 7, tag: 'v9' } };

    const [first, again] = [await trigger(receiver, sent), await trigger(receiver, sent)];

    expect(again.body).toMatchObject({ duplicate: true, executionId: first.body['executionId'] });
  });

  it('answers 200 and says why when nothing matches', async () => {
    const answer = await trigger(await create('other tag', { tag: 'v3' }), push);

    expect(answer).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect(answer.body['message']).toContain('waits for the tag v3 (exact)');
  });

  it('refuses a body without an image before anything is stored, also one that another format knows', async () => {
    const receiver = await create('no image');
    const alert = { status: 'firing', fingerprint: 'f', startsAt: '2026-01-01T00:00:00Z' };
    const alerts = { version: '4', groupKey: 'g', status: 'firing', alerts: [alert] };

    const [none, foreign, chosen] = [
      await trigger(receiver, ''),
      await trigger(receiver, alerts),
      await trigger(await create('generic', {}, { format: 'generic' }), push),
    ];

    expect(none).toMatchObject({ status: 400, body: { code: 'PAYLOAD_INCOMPLETE' } });
    expect(none.body['message']).toMatch(
      /^Error No Payload recevied from webhook.* in executing driver for serviceUpgrade$/,
    );
    for (const answer of [foreign, chosen]) {
      expect(answer).toMatchObject({ status: 400, body: { code: 'PAYLOAD_INCOMPLETE' } });
    }
  });

  it('shows in a dry run what a push would upgrade', async () => {
    const { body } = await create('dry');

    const answer = await owner('POST', `/v1-webhooks/receivers/${String(body['id'])}?projectId=1a5&action=test`);

    expect(answer).toMatchObject({ status: 200, body: { dryRun: true } });
    expect(answer.body['message']).toBe('a push of a tag that matches would upgrade webapp');
  });

  it('tells of each service when not all ended alike, and answers 409 and never 200 then', async () => {
    const [good, bad] = ['good', 'bad'].map((name) =>
      api.sandbox.addService({
        projectId: '1a5',
        name,
        launchConfig: { imageUuid: 'docker:acme/web:v1', labels: { app: 'half' } },
      }),
    );
    const path = new RegExp(`${String(bad)}\\?action=upgrade`);
    api.sandbox.faults.add({ method: 'POST', path, fault: { kind: 'status', status: 422, when: 'before-acting' } });
    const receiver = await create('half', { serviceSelector: { app: 'half' } });

    const first = await trigger(receiver, push);
    const execution = `/v1-webhooks/executions/${String(first.body['executionId'])}?projectId=1a5`;
    let seen = await owner('GET', execution);
    while (seen.body['state'] !== 'finished') {
      await new Promise((resolve) => setTimeout(resolve, 50));
      seen = await owner('GET', execution);
    }
    const repeated = await trigger(receiver, push);

    expect([202, 409]).toContain(first.status);
    expect(seen.body).toMatchObject({ outcome: 'partial' });
    expect(repeated).toMatchObject({ status: 409, body: { code: 'PARTIAL', outcome: 'partial', duplicate: true } });
    const items = repeated.body['items'] as readonly { readonly target: string }[];
    expect(new Map(items.map((item) => [item.target.split('/')[2], item]))).toMatchObject(
      new Map([
        [good, { outcome: 'scaled', message: 'upgraded good to acme/web:v2' }],
        [bad, { outcome: 'failed', code: 'RANCHER_REJECTED', applied: 'no' }],
      ]),
    );
  });

  it('refuses to make a receiver whose pattern cannot be followed', async () => {
    const answer = await create('regex', { tag: '(a)\\1', tagMatch: 'regex' });

    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'SETTINGS_INVALID', fieldName: 'serviceUpgradeConfig.tag' },
    });
  });

  it('lets no reader make one, because he may upgrade nothing by hand', async () => {
    const { body } = await create('template');
    const { name: _name, driver, serviceUpgradeConfig } = body;

    const answer = await call(api.url, {
      method: 'POST',
      path: '/v1-webhooks/receivers?projectId=1a5',
      headers: { authorization: basic(api.sandbox.project.keys.readonly) },
      body: { name: 'by a reader', driver, serviceUpgradeConfig },
    });

    expect([403, 405]).toContain(answer.status);
  });
});
