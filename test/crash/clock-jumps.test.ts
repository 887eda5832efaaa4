import { beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { databaseClock, machineClock } from '../support/crash/clocks.ts';
import { triggerPath, useCrashStage } from '../support/crash/crash-stage.ts';
import { call } from '../support/http-client.ts';
import { basic } from '../support/running-api.ts';

const hour = 3_600_000;
const puts = { method: 'PUT', path: /services/ };
const clocks = [
  { engine: 'SQLite', clockOf: machineClock },
  { engine: 'PostgreSQL', clockOf: databaseClock },
];
const jumps = clocks.flatMap((clock) => [
  { ...clock, told: 'back by an hour', byMs: -hour },
  { ...clock, told: 'ahead by an hour', byMs: hour },
]);

describe('a service whose clock is set', () => {
  const stage = useCrashStage();
  let serviceId: string;
  const scale = (): unknown => stage.sandbox().inspect(serviceId)?.['scale'];
  const placeReceiver = (more: object = {}): void =>
    stage.placeReceiver('scaleService', { serviceId, action: 'up', amount: 1, min: 1, max: 100, ...more });
  const trigger = (url: string, key: string, headers: Readonly<Record<string, string>> = {}) =>
    call(url, { method: 'POST', path: triggerPath, headers: { 'idempotency-key': key, ...headers } });
  /** Tells the same again until it has ended; resolves to its outcome. */
  const outcomeOf = async (url: () => string, key: string): Promise<unknown> => {
    for (; ; await pause(20)) {
      const { body } = await trigger(url(), key).catch(() => ({ body: {} as Readonly<Record<string, unknown>> }));
      if (body['outcome'] !== undefined) return body['outcome'];
    }
  };

  /** An execution in the history once it has ended. */
  const endOf = async (url: string, id: string): Promise<Readonly<Record<string, unknown>>> => {
    const path = `/v1-webhooks/executions/${id}?projectId=1a5`;
    const headers = { authorization: basic(stage.sandbox().project.keys.owner) };
    for (; ; await pause(20)) {
      const { body } = await call(url, { path, headers });
      if (body['state'] === 'finished') return body;
    }
  };

  beforeEach(() => {
    serviceId = stage.sandbox().addService({ projectId: '1a5', scale: 2 });
  });

  it.each(clocks)(
    'back by an hour on $engine, while its holder is dead, takes the lane over',
    async ({ clockOf }) => {
      placeReceiver();
      const { options, set } = await clockOf(stage);
      const dead = await stage.start({ ...options, dieAt: { step: 'sending', occurrence: 1 } });
      let { url } = dead;
      const outcomes = ['a', 'b', 'c'].map((key) => outcomeOf(() => url, key));
      await dead.gone;
      await set(-hour);
      ({ url } = await stage.start(options));

      expect(await Promise.all(outcomes)).toEqual(['scaled', 'scaled', 'scaled']);
      expect(scale()).toBe(5);
    },
    120_000,
  );

  it.each(clocks)(
    'ahead by an hour on $engine, while its holder is dead, looks before it gives up',
    async ({ clockOf }) => {
      placeReceiver();
      const { options, set } = await clockOf(stage);
      const dead = await stage.start({ ...options, dieAt: { step: 'replied', occurrence: 1 } });
      let { url } = dead;
      const outcome = outcomeOf(() => url, 'a');
      await dead.gone;
      await set(hour);
      ({ url } = await stage.start(options));

      expect(await outcome).toBe('scaled');
      expect(scale()).toBe(3);
    },
    120_000,
  );

  it.each(jumps)(
    '$told on $engine, while a write is in doubt, sends it once or says that it is unknown',
    async ({ engine, clockOf, byMs }) => {
      placeReceiver();
      const { options, set } = await clockOf(stage);
      // The clock is to be set before the doubt is over, on a busy machine too.
      const { url } = await stage.start({ ...options, timing: { rancherTimeoutMs: 2_000, leaseMs: 5_000 } });
      stage.sandbox().faults.add({ ...puts, fault: { kind: 'reset', when: 'before-acting' } });
      const outcome = outcomeOf(() => url, 'a');
      while (stage.sandbox().calls.count(puts) === 0) await pause(2);
      await pause(100);
      await set(byMs);

      // To the database's own clock the deadline has passed; it was not sent again.
      const isOver = engine === 'PostgreSQL' && byMs > 0;
      expect(await outcome).toBe(isOver ? 'failed' : 'scaled');
      expect(scale()).toBe(isOver ? 2 : 3);
    },
    120_000,
  );

  it.each(jumps)(
    '$told on $engine, knows a key that it has seen',
    async ({ clockOf, byMs }) => {
      placeReceiver();
      const { options, set } = await clockOf(stage);
      const { url } = await stage.start(options);
      await trigger(url, 'a');
      await set(byMs);

      expect((await trigger(url, 'a')).body).toMatchObject({ outcome: 'scaled', duplicate: true });
      expect(scale()).toBe(3);
    },
    120_000,
  );

  it.each(clocks)(
    'back by an hour on $engine, cools down no longer for it',
    async ({ clockOf }) => {
      placeReceiver({ cooldownSeconds: 1 });
      const { options, set } = await clockOf(stage);
      const { url } = await stage.start(options);
      await trigger(url, 'a');
      await set(-hour);

      await pause(1_500);
      for (let key = 0; (await trigger(url, `b${String(key)}`)).body['outcome'] !== 'scaled'; key += 1)
        await pause(100);

      expect(scale()).toBe(4);
    },
    120_000,
  );

  const upgrades = clocks.flatMap((clock) => [
    { ...clock, moment: 'while it runs' },
    { ...clock, moment: 'while it is down' },
  ]);
  it.each(upgrades)(
    'back by an hour on $engine, $moment, goes on with an upgrade',
    async ({ clockOf, moment }) => {
      const launchConfig = { imageUuid: 'docker:acme/web:v1', labels: { app: 'web' } };
      const upgraded = stage.sandbox().addService({ projectId: '1a5', name: 'web', scale: 2, launchConfig });
      const receiver = { serviceSelector: { app: 'web' }, tag: 'v2', batchSize: 1, intervalMillis: 1 };
      stage.placeReceiver('serviceUpgrade', { ...receiver, payloadFormat: 'dockerhub' });
      const { options, set } = await clockOf(stage);
      let service = await stage.start(options);
      const body = JSON.stringify({ push_data: { tag: 'v2' }, repository: { repo_name: 'acme/web' } });
      const statuses = stage.sendUntilEnded(() => service.url, { count: 1, body });
      while (stage.sandbox().inspect(upgraded)?.['state'] === 'active') await pause(2);
      await pause(50);
      if (moment === 'while it is down') await service.kill('SIGKILL');
      await set(-hour);
      if (moment === 'while it is down') service = await stage.start(options);

      expect(await statuses).toEqual([200]);
      expect(stage.sandbox().inspect(upgraded)).toMatchObject({ state: 'active' });
    },
    120_000,
  );

  it.each(jumps)(
    '$told on $engine, while triggers wait for Rancher, loses none silently',
    async ({ engine, clockOf, byMs }) => {
      placeReceiver();
      const { options, set } = await clockOf(stage);
      const { url } = await stage.start(options);
      const away = { kind: 'status', status: 503, when: 'before-acting' } as const;
      stage.sandbox().faults.add({ path: /services/, times: Infinity, fault: away });
      const keys = ['a', 'b', 'c'];
      const asked = await Promise.all(keys.map((key) => trigger(url, key, { prefer: 'respond-async' })));
      await set(byMs);
      stage.sandbox().faults.clear();
      const ends = await Promise.all(asked.map(({ body }) => endOf(url, String(body['executionId']))));

      // To the database's own clock the deadline has passed: nothing was sent, and whoever tells it again is heard.
      const isOver = engine === 'PostgreSQL' && byMs > 0;
      const end = isOver ? { outcome: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'no' } : { outcome: 'scaled' };
      expect(asked.map(({ status }) => status)).toEqual([202, 202, 202]);
      expect(ends).toMatchObject([end, end, end]);
      expect(await Promise.all(keys.map((key) => outcomeOf(() => url, key)))).toEqual(['scaled', 'scaled', 'scaled']);
      expect(scale()).toBe(5);
    },
    120_000,
  );
});
