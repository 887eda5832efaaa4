import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

const bounds = { action: 'up', amount: 1, min: 1, max: 9 };

describe('router: a slow Rancher', () => {
  let api: RunningApi;
  beforeEach(async () => {
    api = await startApi({ triggerKeys: 'plain' });
  });
  afterEach(() => api.close());

  /** Makes a receiver while Rancher is quick, lets every call take `slowMs` then, and answers its trigger's path. */
  async function slowDown(driver: string, config: object, slowMs: number): Promise<string> {
    const { body } = await call(api.url, {
      method: 'POST',
      path: '/v1-webhooks/receivers?projectId=1a5',
      headers: { authorization: basic(api.sandbox.project.keys.owner) },
      body: { name: 'up', driver, [`${driver}Config`]: { ...bounds, ...config } },
    });
    const { pathname, search } = new URL(String(body['url']));
    const lookUps = (): number => api.sandbox.calls.count({ path: /genericobjects/ });
    // Until the change stream is heard each trigger looks its key up.
    for (let before = -1; before !== lookUps();) {
      before = lookUps();
      await call(api.url, { method: 'POST', path: `${pathname}${search}&dryRun=true` });
    }
    Object.assign(api.sandbox.latency, { readMs: slowMs, writeMs: slowMs });
    return `${pathname}${search}`;
  }
  const comesTo = async (isThere: () => boolean, withinMs: number): Promise<boolean> => {
    const untilMs = performance.now() + withinMs;
    while (!isThere() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 20));
    return isThere();
  };

  it('keeps no caller waiting for much longer than three seconds, and does the work all the same', async () => {
    const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 2 });
    const path = await slowDown('scaleService', { serviceId }, 1_500);
    const startedMs = performance.now();

    const answer = await call(api.url, { method: 'POST', path });
    const tookMs = performance.now() - startedMs;

    // The old service made four calls, one after the other, and had no overall limit (old-service-measured).
    expect(answer.status).toBe(202);
    expect(tookMs).toBeLessThan(4_400);
    expect(await comesTo(() => api.sandbox.inspect(serviceId)?.['scale'] === 3, 20_000)).toBe(true);
  });

  it('scales although every call takes three seconds', async () => {
    const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 2 });
    const path = await slowDown('scaleService', { serviceId }, 3_000);

    await call(api.url, { method: 'POST', path });

    expect(await comesTo(() => api.sandbox.inspect(serviceId)?.['scale'] === 3, 15_000)).toBe(true);
  });

  it('makes a host although every call takes the better part of a second', async () => {
    api.sandbox.addMachine({ projectId: '1a5', hostname: 'web-1', labels: { tier: 'web' }, config: {} });
    const path = await slowDown('scaleHost', { hostSelector: { tier: 'web' } }, 700);

    expect(await call(api.url, { method: 'POST', path })).toMatchObject({ status: 202 });
    expect(await comesTo(() => api.sandbox.inspect('1h4') !== undefined, 20_000)).toBe(true);
  });
});
