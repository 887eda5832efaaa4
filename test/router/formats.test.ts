import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fixtureBody, fixtures } from '../support/format-contract.ts';
import { call } from '../support/http-client.ts';
import type { PlainAnswer } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

let api: RunningApi;
let serviceId: string;
let made = 0;

beforeAll(async () => {
  api = await startApi({ triggerKeys: 'plain' });
});

afterAll(async () => {
  await api.close();
});

beforeEach(() => {
  made += 1;
  serviceId = api.sandbox.addService({ projectId: '1a5', name: `web${String(made)}`, scale: 3 });
});

/** The path of a new receiver that scales the service up by one. */
async function receiver(more: object = {}, config: object = {}): Promise<string> {
  const scaleServiceConfig = { serviceId, action: 'up', amount: 1, min: 1, max: 9, ...config };
  const answer = await call(api.url, {
    method: 'POST',
    path: '/v1-webhooks/receivers?projectId=1a5',
    headers: { authorization: basic(api.sandbox.project.keys.owner) },
    body: { name: `receiver-${String(made)}`, driver: 'scaleService', scaleServiceConfig, ...more },
  });
  expect(answer).toMatchObject({ status: 200 });
  const { pathname, search } = new URL(String(answer.body['url']));
  return `${pathname}${search}`;
}

const post = (path: string, body: object | string, contentType = 'application/json'): Promise<PlainAnswer> =>
  call(api.url, { method: 'POST', path, headers: { 'content-type': contentType }, body });

function formOf(name: string): string {
  return String(fixtures.find((fixture) => fixture.format === 'cloudmonitor' && fixture.name === name)?.body);
}
const form = 'application/x-www-form-urlencoded';

describe('router/formats', () => {
  it('lets auto choose an unmistakable format, with its defaults, and say which', async () => {
    const path = await receiver();

    const fired = await post(path, fixtureBody('alertmanager', 'firing'));
    const over = await post(path, fixtureBody('alertmanager', 'resolved'));
    const other = await post(path, { anything: 'else' });

    expect(fired).toMatchObject({ status: 200, body: { format: 'alertmanager', outcome: 'scaled', from: 3, to: 4 } });
    expect(over).toMatchObject({ status: 200, body: { format: 'alertmanager', outcome: 'ignored' } });
    expect(other).toMatchObject({ status: 200, body: { format: 'generic', outcome: 'scaled', to: 5 } });
  });

  it('goes up once on an alert and down once when it is over, however often each is told', async () => {
    const path = await receiver({ format: 'alertmanager', formatSettings: { onResolved: 'reverse' } });
    const told = async (name: string): Promise<PlainAnswer> => post(path, fixtureBody('alertmanager', name));

    expect(await told('firing')).toMatchObject({ body: { outcome: 'scaled', from: 3, to: 4 } });
    expect(await told('firing')).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(await told('resolved')).toMatchObject({ body: { outcome: 'scaled', from: 4, to: 3 } });
    expect(await told('resolved')).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(api.sandbox.inspect(serviceId)).toMatchObject({ scale: 3 });
  });

  it('lets auto read an Alertmanager that sends no fingerprints, and refuse one that sends something broken', async () => {
    const path = await receiver();
    const resolved = fixtureBody('alertmanager', 'resolved');

    expect(await post(path, fixtureBody('alertmanager', 'resolved-without-fingerprint'))).toMatchObject({
      body: { format: 'alertmanager', outcome: 'ignored' },
    });
    expect(await post(path, { ...resolved, alerts: [{ status: 'resolved' }] })).toMatchObject({
      status: 400,
      body: { code: 'PAYLOAD_MALFORMED', fieldName: 'alerts.0.startsAt' },
    });
    expect(api.sandbox.inspect(serviceId)).toMatchObject({ scale: 3 });
  });

  it("takes CloudMonitor's form as it is and as Rancher's proxy rebuilds it for one event", async () => {
    const path = await receiver();

    expect(await post(path, formOf('alert'), form)).toMatchObject({
      body: { format: 'cloudmonitor', outcome: 'scaled', to: 4 },
    });
    expect(await post(path, formOf('alert-through-rancher'), form)).toMatchObject({ body: { duplicate: true } });
    expect(await post(path, formOf('ok'), form)).toMatchObject({ body: { outcome: 'ignored' } });
  });

  it("takes the sender's amount within the receiver's bounds", async () => {
    const path = await receiver(
      { format: 'generic', formatSettings: { amount: '/missing', condition: { at: '/status', equals: 'full' } } },
      { amountFrom: 'sender' },
    );

    expect(await post(path, { status: 'full', missing: 4 })).toMatchObject({
      body: { outcome: 'scaled', from: 3, to: 7 },
    });
    expect(await post(path, { status: 'full', missing: 4 })).toMatchObject({
      status: 400,
      body: { code: 'LIMIT_REACHED' },
    });
    expect(await post(path, { status: 'idle', missing: 4 })).toMatchObject({ body: { outcome: 'ignored' } });
    expect(await post(path, 'status=full&missing=2', form)).toMatchObject({ body: { outcome: 'scaled', to: 9 } });
  });

  it.each([
    ['cloudmonitor', {}, 'a form'],
    ['alertmanager', 'a=b', 'JSON'],
    ['distribution', {}, 'events'],
  ])('refuses a body that is not for %s, and does nothing', async (format, body, word) => {
    const path = await receiver({ format });

    const answer = await post(path, body, typeof body === 'string' ? form : 'application/json');

    expect(answer).toMatchObject({ status: 400, body: { code: 'PAYLOAD_MALFORMED' } });
    expect(answer.body['message']).toContain(word);
    expect(api.sandbox.inspect(serviceId)).toMatchObject({ scale: 3 });
  });

  it('refuses settings that the format does not take, naming them', async () => {
    const answer = await call(api.url, {
      method: 'POST',
      path: '/v1-webhooks/receivers?projectId=1a5',
      headers: { authorization: basic(api.sandbox.project.keys.owner) },
      body: {
        name: 'misspelt',
        driver: 'scaleService',
        scaleServiceConfig: { serviceId, action: 'up', amount: 1, min: 1, max: 9 },
        format: 'alertmanager',
        formatSettings: { onResolve: 'reverse' },
      },
    });

    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'SETTINGS_INVALID', fieldName: 'formatSettings.onResolve' },
    });
  });
});
