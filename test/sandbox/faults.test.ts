import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf, until } from './caller.ts';
import type { Caller } from './caller.ts';

describe('sandbox/faults', () => {
  let sandbox: Sandbox;
  let call: Caller;
  let service: string;
  const put = (scale: number) => call(`/v2-beta/projects/1a5/services/${service}`, { method: 'PUT', body: { scale } });
  const scale = (): unknown => sandbox.inspect(service)?.['scale'];

  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20 });
    call = callerOf(sandbox.url, sandbox.project.keys.project);
    service = sandbox.addService({ projectId: '1a5', scale: 1 });
  });
  afterEach(() => sandbox.close());

  it.each([
    ['before-acting', 1],
    ['after-acting', 2],
  ] as const)('breaks the connection off %s, once', async (when, stored) => {
    sandbox.faults.add({ method: 'PUT', fault: { kind: 'reset', when } });

    await expect(put(2)).rejects.toThrow(/ECONNRESET|hang up/);

    expect(scale()).toBe(stored);
    await expect(put(3)).resolves.toMatchObject({ status: 200 });
  });

  it.each([
    ['before-acting', 1],
    ['after-acting', 2],
  ] as const)('answers another status %s, as often as asked', async (when, stored) => {
    sandbox.faults.add({
      path: /services/,
      times: 2,
      fault: { kind: 'status', status: 503, when, retryAfterSeconds: 7 },
    });

    const answer = await put(2);

    expect(answer).toMatchObject({ status: 503, json: { type: 'error', status: 503, code: 'Service Unavailable' } });
    expect(answer.header('retry-after')).toBe('7');
    expect(scale()).toBe(stored);
    await expect(put(2)).resolves.toMatchObject({ status: 503 });
    await expect(put(2)).resolves.toMatchObject({ status: 200 });
  });

  it('answers a conflict without acting', async () => {
    sandbox.faults.add({ fault: { kind: 'conflict' } });

    await expect(put(2)).resolves.toMatchObject({ status: 409, json: { code: 'Conflict', message: 'Conflict' } });

    expect(scale()).toBe(1);
  });

  it('lets a write land after its connection broke', async () => {
    sandbox.faults.add({ method: 'PUT', fault: { kind: 'late', afterMs: 40 } });

    await expect(put(2)).rejects.toThrow(/ECONNRESET|hang up/);

    expect(scale()).toBe(1);
    await until(scale, (now) => now === 2);
  });

  it.each(['before-acting', 'after-acting'] as const)('delays %s', async (when) => {
    sandbox.faults.add({ method: 'PUT', fault: { kind: 'delay', ms: 400, when } });

    const startedMs = performance.now();
    const answer = put(2);
    if (when === 'after-acting') await until(scale, (now) => now === 2);
    const actedMs = performance.now();
    await answer;

    expect(performance.now() - startedMs).toBeGreaterThan(390);
    if (when === 'after-acting') expect(actedMs - startedMs).toBeLessThan(390);
    expect(scale()).toBe(2);
  });

  it('never answers a call that hangs, and closes all the same', async () => {
    sandbox.faults.add({ method: 'PUT', fault: { kind: 'hang' } });

    const answer = put(2);
    await until(
      () => sandbox.calls.count({ method: 'PUT' }),
      (calls) => calls === 1,
    );
    await sandbox.close();

    await expect(answer).rejects.toThrow();
    expect(scale()).toBe(1);
  });

  it('hits only the calls that fit, and none once cleared', async () => {
    sandbox.faults.add({ method: 'DELETE', fault: { kind: 'conflict' } });
    sandbox.faults.add({ path: /hosts/, times: Number.POSITIVE_INFINITY, fault: { kind: 'conflict' } });

    await expect(put(2)).resolves.toMatchObject({ status: 200 });
    await expect(call('/v2-beta/projects/1a5/hosts')).resolves.toMatchObject({ status: 409 });
    sandbox.faults.clear();
    await expect(call('/v2-beta/projects/1a5/hosts')).resolves.toMatchObject({ status: 200 });
  });

  it('goes away and comes back on the same port with everything it knew', async () => {
    await put(4);

    await sandbox.faults.goAway();
    await expect(put(5)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
    await sandbox.faults.comeBack();

    await expect(call(`/v2-beta/projects/1a5/services/${service}`)).resolves.toMatchObject({
      status: 200,
      json: { scale: 4 },
    });
  });

  it('counts the calls with their callers and statuses', async () => {
    await put(2);
    await callerOf(sandbox.url, sandbox.project.keys.readonly)('/v2-beta/projects/1a5/hosts', {
      method: 'POST',
      body: {},
    });

    expect(sandbox.calls.list()).toMatchObject([
      { method: 'PUT', path: `/v2-beta/projects/1a5/services/${service}`, as: 'project', status: 200 },
      { method: 'POST', path: '/v2-beta/projects/1a5/hosts', as: 'readonly', status: 405 },
    ]);
    expect(sandbox.calls.count({ method: 'PUT', path: /services\/1s/ })).toBe(1);
    sandbox.calls.clear();
    expect(sandbox.calls.count()).toBe(0);
  });

  it('keeps no more calls than asked', async () => {
    const small = await startSandbox({ callLogLimit: 5, readLatencyMs: 0 });
    try {
      for (let index = 0; index < 20; index += 1) await callerOf(small.url, undefined)(`/ping?${String(index)}`);

      expect(small.calls.list().map(({ path }) => path)).toEqual(
        ['15', '16', '17', '18', '19'].map((index) => `/ping?${index}`),
      );
    } finally {
      await small.close();
    }
  });

  it('takes as long as a real Rancher unless told otherwise, also while it runs', async () => {
    sandbox.latency.readMs = 30;

    const startedMs = performance.now();
    await call(`/v2-beta/projects/1a5/services/${service}`);

    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
  });
});
