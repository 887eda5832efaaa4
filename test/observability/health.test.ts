import { describe, expect, it } from '@jest/globals';
import { ServiceError } from '../../src/domain/errors.ts';
import {
  changeStreamCheck,
  createHealth,
  rancherCheck,
  storeCheck,
  tellTroubles,
  type HealthCheck,
} from '../../src/observability/health.ts';

const fine: HealthCheck = { name: 'fine', look: async () => ({ state: 'ok', message: 'fine' }) };
const look = async (check: HealthCheck) => (await createHealth([check]).report()).checks[0];

describe('observability/health', () => {
  it('is ready while nothing has failed, and names every check', async () => {
    const wary: HealthCheck = { name: 'wary', look: async () => ({ state: 'warning', message: 'look here' }) };

    const report = await createHealth([fine, wary]).report();

    expect(report).toEqual({
      isReady: true,
      checks: [
        { name: 'fine', state: 'ok', message: 'fine' },
        { name: 'wary', state: 'warning', message: 'look here' },
      ],
    });
  });

  it('is not ready when a check throws, and says our own reason', async () => {
    const broken: HealthCheck = {
      name: 'rancher',
      look: () => Promise.reject(new ServiceError('RANCHER_UNAVAILABLE', 'rancher does not answer')),
    };

    const report = await createHealth([fine, broken]).report();

    expect(report.isReady).toBe(false);
    expect(report.checks[1]).toEqual({ name: 'rancher', state: 'failed', message: 'rancher does not answer' });
  });

  it("keeps a stranger's error text to itself", async () => {
    const leaking: HealthCheck = { name: 'x', look: () => Promise.reject(new Error('http://h/?key=abcdef')) };

    expect((await look(leaking))?.message).not.toContain('abcdef');
  });

  it('fails a check that never ends', async () => {
    const hanging: HealthCheck = { name: 'store', look: () => new Promise(() => {}) };

    const report = await createHealth([hanging], { timeoutMs: 5 }).report();

    expect(report.checks).toEqual([{ name: 'store', state: 'failed', message: 'no answer within 5 ms' }]);
  });

  it('looks once for a storm of callers and again only when the report has aged', async () => {
    let looks = 0;
    let nowMs = 0;
    const counted: HealthCheck = {
      name: 'counted',
      look: async () => ({ state: 'ok', message: String((looks += 1)) }),
    };
    const health = createHealth([counted], { now: () => nowMs });

    await Promise.all(Array.from({ length: 200 }, () => health.report()));
    nowMs = 1_999;
    await health.report();
    expect(looks).toBe(1);

    nowMs = 2_000;
    await health.report();
    expect(looks).toBe(2);
  });

  it.each([
    ['project', 'ok'],
    ['environment', 'ok'],
    ['service', 'ok'],
    ['admin', 'warning'],
  ])('judges a Rancher key of account kind %s as %s', async (accountKind, state) => {
    expect(await look(rancherCheck(async () => ({ accountKind })))).toMatchObject({ name: 'rancher', state });
  });

  it.each([
    [undefined, 'ok'],
    [0, 'ok'],
    [15_000, 'ok'],
    [15_001, 'warning'],
    [Infinity, 'warning'],
  ])('judges a change stream silent for %s ms as %s', async (silentForMs, state) => {
    expect(await look(changeStreamCheck(() => silentForMs))).toMatchObject({ name: 'change-stream', state });
  });

  it('tells the log what is not as it should be, each by its name, and nothing of the rest', async () => {
    const told: object[] = [];
    const note = (level: string) => (facts: object, message: string) => void told.push({ level, ...facts, message });
    const health = createHealth([
      { name: 'store', look: async () => ({ state: 'ok', message: 'the store answers' }) },
      { name: 'rancher', look: () => Promise.reject(new ServiceError('RANCHER_UNAVAILABLE', 'nobody answers')) },
      { name: 'host-key', look: async () => ({ state: 'warning', message: 'no key may create hosts' }) },
    ]);

    await tellTroubles(health, { warn: note('warn'), error: note('error') });

    expect(told).toEqual([
      { level: 'error', check: 'rancher', reason: 'nobody answers', message: 'not able to work' },
      {
        level: 'warn',
        check: 'host-key',
        reason: 'no key may create hosts',
        message: 'able to work, but look at this',
      },
    ]);
  });

  it('asks the store', async () => {
    const refusal = new ServiceError('STORE_UNAVAILABLE', 'the disk is full');

    expect(await look(storeCheck(async () => {}))).toMatchObject({ name: 'store', state: 'ok' });
    expect(await look(storeCheck(() => Promise.reject(refusal)))).toMatchObject({
      state: 'failed',
      message: 'the disk is full',
    });
  });
});
