import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { endChildService, startChildService, type ChildService } from '../support/child-service.ts';
import { freePort, startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import { callUntilAnswered } from '../support/retrying-client.ts';

// `KILLED_FOR_SECONDS=60` in `npm run soak`.
const killedForMs = Number(process.env['KILLED_FOR_SECONDS'] ?? 12) * 1_000;
const key = 'k'.repeat(40);
const path = `/v1-webhooks/endpoint?key=${key}&projectId=1a5`;

describe('a service that is killed every second', () => {
  let sandbox: Sandbox;
  let dataDirectory: string;
  let child: ChildService | undefined;

  beforeEach(async () => {
    sandbox = await startSandbox({ speed: 50 });
    dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-killed-'));
  });
  afterEach(async () => {
    await endChildService(child);
    await sandbox.close();
    await rm(dataDirectory, { recursive: true });
  });

  it(
    'scales once for each alert of a sender that retries as Alertmanager does',
    async () => {
      const serviceId = sandbox.addService({ projectId: '1a5', scale: 2 });
      placeReceiver(sandbox, serviceId);
      const recorded = await readFile(new URL('../fixtures/formats/alertmanager/firing.json', import.meta.url), 'utf8');
      const port = await freePort();
      const startOptions = { sandbox, dataDirectory, port };
      child = await startChildService(startOptions);
      const untilMs = performance.now() + killedForMs;
      let alerts = 0;
      const sendAlerts = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          alerts += 1;
          const body = alertNumber(recorded, alerts);
          const isEnd = (status: number): boolean => status === 200;
          expect(
            await callUntilAnswered({
              url: () => `http://127.0.0.1:${String(port)}${path}`,
              headers: { 'content-type': 'application/json', 'user-agent': 'Alertmanager/0.28.1' },
              body,
              isEnd,
            }),
          ).toBe(200);
        }
      };
      const sending = Promise.all([sendAlerts(), sendAlerts(), sendAlerts()]);

      while (performance.now() < untilMs) {
        await pause(1_000);
        await child.kill('SIGKILL');
        child = await startChildService(startOptions);
      }
      await sending;

      expect(alerts).toBeGreaterThan(5);
      expect(sandbox.inspect(serviceId)?.['scale']).toBe(2 + alerts);
    },
    killedForMs + 60_000,
  );
});

describe('a replica that is stopped', () => {
  let sandbox: Sandbox;
  let postgres: PostgresServer;
  let dataDirectory: string;
  const children: ChildService[] = [];

  beforeAll(async () => {
    postgres = await startPostgresServer();
    sandbox = await startSandbox({ speed: 50 });
    dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-stopped-'));
  }, 60_000);
  afterEach(async () => {
    for (const child of children) {
      child.process.kill('SIGCONT');
      await endChildService(child);
    }
  });
  afterAll(async () => {
    await sandbox.close();
    await postgres.close();
    await rm(dataDirectory, { recursive: true });
  });

  it('between its read and its send, and goes on later, sends nothing wrong', async () => {
    const serviceId = sandbox.addService({ projectId: '1a5', scale: 2 });
    placeReceiver(sandbox, serviceId);
    const shared = { sandbox, dataDirectory, databaseUrl: await postgres.createDatabase() };
    const stopped = await startChildService(shared);
    const other = await startChildService(shared);
    children.push(stopped, other);
    const read = { method: 'GET', path: new RegExp(`services/${serviceId}`) };
    // The answer to its read comes while it stands still, so its send is the next thing it would begin.
    sandbox.faults.add({ ...read, fault: { kind: 'delay', ms: 200, when: 'after-acting' } });
    const isEnd = (_status: number, body: Readonly<Record<string, unknown>>): boolean => body['state'] === 'finished';
    const headers = { 'idempotency-key': 'first' };
    let url = stopped.url;
    const first = callUntilAnswered({ url: () => `${url}${path}`, headers, timeoutMs: 1_000, isEnd });
    while (sandbox.calls.count(read) === 0) await pause(2);
    stopped.process.kill('SIGSTOP');
    url = other.url;

    expect(await first).toBe(200);
    const again = { 'idempotency-key': 'second' };
    expect(await callUntilAnswered({ url: () => `${other.url}${path}`, headers: again, isEnd })).toBe(200);
    stopped.process.kill('SIGCONT');
    await pause(1_000);

    expect(sandbox.inspect(serviceId)?.['scale']).toBe(4);
  }, 60_000);
});

function placeReceiver(sandbox: Sandbox, serviceId: string): void {
  const config = { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 1_000 };
  const resourceData = { driver: 'scaleService', config, url: '' };
  sandbox.addGenericObject({ projectId: '1a5', name: 'up', kind: 'webhookReceiver', key, resourceData });
}

/** The recorded notification as that of another alert of another group. */
function alertNumber(recorded: string, number: number): string {
  const { body } = JSON.parse(recorded) as {
    readonly body: { readonly groupKey: string; readonly alerts: readonly { readonly fingerprint: string }[] };
  };
  const suffix = String(number).padStart(4, '0');
  const alerts = body.alerts.map((alert) => ({ ...alert, fingerprint: `${alert.fingerprint.slice(4)}${suffix}` }));
  return JSON.stringify({ ...body, groupKey: `${body.groupKey}:${suffix}`, alerts });
}
