import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChildService } from '../support/crash/child-service.ts';
import { triggerPath, useCrashStage } from '../support/crash/crash-stage.ts';
import { call, type PlainAnswer } from '../support/http-client.ts';
import { basic } from '../support/running-api.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import { fillDisk } from '../support/small-disk.ts';

const puts = { method: 'PUT', path: /services/ };

describe('a service whose disk is full', () => {
  const stage = useCrashStage();
  let serviceId: string;

  beforeEach(() => {
    serviceId = stage.sandbox().addService({ projectId: '1a5', scale: 2 });
    stage.placeReceiver('scaleService', { serviceId, action: 'up', amount: 1, min: 1, max: 10_000 });
  });
  const scale = (): unknown => stage.sandbox().inspect(serviceId)?.['scale'];
  const trigger = ({ url }: ChildService, key: string): Promise<PlainAnswer> =>
    call(url, { method: 'POST', path: triggerPath, headers: { 'idempotency-key': key } });
  const fill = ({ process: { pid } }: ChildService): Promise<() => Promise<void>> =>
    fillDisk(pid, stage.dataDirectory());
  const history = async ({ url }: ChildService): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const path = '/v1-webhooks/executions?projectId=1a5&limit=1000';
    const { body } = await call(url, { path, headers: { authorization: basic(stage.sandbox().project.keys.owner) } });
    return body['data'] as readonly Readonly<Record<string, unknown>>[];
  };
  const storeCheck = async ({ url }: ChildService): Promise<unknown> => {
    const { status, body } = await call(url, { path: '/readyz' });
    const { state, message } = (body['checks'] as readonly Readonly<Record<string, unknown>>[])[0] ?? {};
    return { status, state, message };
  };

  it('refuses triggers with 503, stores nothing of them, says why, and takes them once there is room', async () => {
    const service = await stage.start({ diskKib: 4_096 });
    expect(await trigger(service, 'before')).toMatchObject({ status: 200 });
    const makeRoom = await fill(service);

    const refused = await Promise.all(['a', 'b', 'c'].map((key) => trigger(service, key)));
    const unready = await storeCheck(service);
    const alive = await call(service.url, { path: '/healthz' });
    await makeRoom();
    const taken = await Promise.all(['a', 'b', 'c'].map((key) => trigger(service, key)));

    for (const { status, headers, body } of refused) {
      expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'STORE_UNAVAILABLE' });
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(unready).toEqual({ status: 503, state: 'failed', message: expect.stringContaining('the disk is full') });
    expect(alive.status).toBe(200);
    expect(service.log()).toContain('the disk is full');
    expect(taken.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(scale()).toBe(2 + 4);
    expect(await history(service)).toHaveLength(4);
    while (((await storeCheck(service)) as { readonly status: number }).status !== 200) await pause(100);
  }, 30_000);

  it('finishes by itself what was on its way to Rancher, and sends none of it twice', async () => {
    const { faults, calls } = stage.sandbox();
    const service = await stage.start({ diskKib: 4_096 });
    faults.add({ ...puts, fault: { kind: 'delay', ms: 200, when: 'before-acting' } });
    const answer = trigger(service, 'a');
    while (calls.count(puts) === 0) await pause(2);
    const makeRoom = await fill(service);

    // Rancher has done it, and so he is told although that could not be written down.
    expect((await answer).body).toMatchObject({ outcome: 'scaled', to: 3 });
    expect((await trigger(service, 'b')).status).toBe(503);
    await makeRoom();
    expect((await trigger(service, 'b')).body).toMatchObject({ outcome: 'scaled', from: 3, to: 4 });

    expect(scale()).toBe(4);
    expect(calls.count(puts)).toBe(2);
    expect(await history(service)).toMatchObject([{ outcome: 'scaled' }, { outcome: 'scaled' }]);
  }, 30_000);

  it('does not start, and says why, when there is no room at all', async () => {
    await expect(stage.start({ diskKib: 4 })).rejects.toThrow(/the disk is full; make room/);
  });

  it('goes on in the room that the log has, and loses nothing when the file itself cannot grow', async () => {
    const service = await stage.start({ diskKib: 16_384 });
    // SQLite copies the log into the file after 1,000 pages, and writes over it from then on.
    let accepted = 0;
    while (accepted < 120) if ((await trigger(service, `first-${String(accepted)}`)).status === 200) accepted += 1;
    const makeRoom = await fill(service);

    const before = accepted;
    while ((await trigger(service, `full-${String(accepted)}`)).status === 200) accepted += 1;
    expect(accepted).toBeGreaterThan(before);
    await makeRoom();
    expect((await trigger(service, 'after')).status).toBe(200);

    expect(scale()).toBe(2 + accepted + 1);
    const ends = (await history(service)).map(({ outcome }) => outcome);
    expect(ends).toEqual(Array.from({ length: accepted + 1 }, () => 'scaled'));
  }, 120_000);

  describe('of PostgreSQL', () => {
    let postgres: PostgresServer;
    beforeAll(async () => {
      postgres = await startPostgresServer({ diskKib: 24_576 });
    }, 120_000);
    afterAll(() => postgres.close());

    it('refuses triggers with 503, stores nothing of them, and takes them once there is room', async () => {
      const service = await stage.start({ databaseUrl: await postgres.createDatabase() });
      expect((await trigger(service, 'first')).status).toBe(200);
      const makeRoom = await postgres.fillDisk();

      // Stored is what was answered 2xx: one whose next commit found no room is told 202.
      let accepted = 1;
      let answer = await trigger(service, '1');
      for (; answer.status < 300; answer = await trigger(service, String(accepted))) accepted += 1;
      const alive = await call(service.url, { path: '/healthz' });
      await makeRoom();
      const again = await trigger(service, String(accepted));

      expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(service.log()).toContain('its disk is full; make room');
      expect(alive.status).toBe(200);
      expect(again.status).toBeLessThan(300);
      while ((await history(service)).some(({ outcome }) => outcome !== 'scaled')) await pause(50);
      expect(await history(service)).toHaveLength(accepted + 1);
      expect(scale()).toBe(2 + accepted + 1);
    }, 120_000);
  });
});
