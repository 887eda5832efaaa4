import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { triggerPath, useCrashStage } from '../support/crash/crash-stage.ts';
import { freePort } from '../support/free-port.ts';
import { callUntilAnswered } from '../support/retrying-client.ts';

// `KILLED_FOR_SECONDS=60` in `npm run soak`.
const killedForMs = Number(process.env['KILLED_FOR_SECONDS'] ?? 12) * 1_000;

const stage = useCrashStage();

function placeScaledService(): string {
  const serviceId = stage.sandbox().addService({ projectId: '1a5', scale: 2 });
  // Out of reach: a minute brings more than a thousand alerts.
  stage.placeReceiver('scaleService', { serviceId, action: 'up', amount: 1, min: 1, max: 100_000 });
  return serviceId;
}

describe('a service that is killed every second', () => {
  it(
    'scales once for each alert of a sender that retries as Alertmanager does',
    async () => {
      const serviceId = placeScaledService();
      const recorded = await readFile(new URL('../fixtures/formats/alertmanager/firing.json', import.meta.url), 'utf8');
      const port = await freePort();
      let child = await stage.start({ port });
      const untilMs = performance.now() + killedForMs;
      let alerts = 0;
      const sendAlerts = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          alerts += 1;
          const body = alertNumber(recorded, alerts);
          expect(
            await callUntilAnswered({
              url: () => `http://127.0.0.1:${String(port)}${triggerPath}`,
              headers: { 'content-type': 'application/json', 'user-agent': 'Alertmanager/0.28.1' },
              body,
              isEnd: (status) => status === 200,
            }),
          ).toBe(200);
        }
      };
      const sending = Promise.all([sendAlerts(), sendAlerts(), sendAlerts()]);

      while (performance.now() < untilMs) {
        await pause(1_000);
        await child.kill('SIGKILL');
        child = await stage.start({ port });
      }
      await sending;

      expect(alerts).toBeGreaterThan(5);
      expect(stage.sandbox().inspect(serviceId)?.['scale']).toBe(2 + alerts);
    },
    killedForMs + 60_000,
  );
});

describe('a replica that is stopped', () => {
  const isEnd = (_status: number, body: Readonly<Record<string, unknown>>): boolean => body['state'] === 'finished';
  const puts = { method: 'PUT', path: /services/ };

  /** Sends a trigger until it has ended; `url` is asked for each attempt. */
  const trigger = (url: () => string, key: string): Promise<number> =>
    callUntilAnswered({
      url: () => `${url()}${triggerPath}`,
      headers: { 'idempotency-key': key },
      timeoutMs: 1_000,
      isEnd,
    });

  it('between its read and its send, and goes on later, sends nothing wrong', async () => {
    const sandbox = stage.sandbox();
    const serviceId = placeScaledService();
    const databaseUrl = await stage.createDatabase();
    const [stopped, other] = [await stage.start({ databaseUrl }), await stage.start({ databaseUrl })];
    const read = { method: 'GET', path: new RegExp(`services/${serviceId}`) };
    // The answer to its read comes while it stands still, so its send is the next thing it would begin.
    sandbox.faults.add({ ...read, fault: { kind: 'delay', ms: 200, when: 'after-acting' } });
    let { url } = stopped;
    const first = trigger(() => url, 'first');
    while (sandbox.calls.count(read) === 0) await pause(2);
    stopped.process.kill('SIGSTOP');
    url = other.url;

    expect(await first).toBe(200);
    expect(await trigger(() => other.url, 'second')).toBe(200);
    stopped.process.kill('SIGCONT');
    await pause(1_000);

    expect(sandbox.inspect(serviceId)?.['scale']).toBe(4);
    expect(sandbox.calls.count(puts)).toBe(2);
  }, 120_000);

  it('between its last look at the clock and its send, and sends later, is put right by the other', async () => {
    const sandbox = stage.sandbox();
    const serviceId = placeScaledService();
    const databaseUrl = await stage.createDatabase();
    // Its write lands seconds after the other one's; it is watched for as long as that in the real proportions, a minute.
    const timing = { lateWriteMs: 20_000 };
    const stopped = await stage.start({ databaseUrl, timing, stopBeforeSending: true });
    const other = await stage.start({ databaseUrl, timing });
    let { url } = stopped;
    const first = trigger(() => url, 'first');
    while (!(await isStopped(stopped.process.pid))) await pause(5);
    url = other.url;

    expect(await first).toBe(200);
    expect(await trigger(() => other.url, 'second')).toBe(200);
    expect(sandbox.inspect(serviceId)?.['scale']).toBe(4);
    const before = sandbox.calls.count(puts);
    stopped.process.kill('SIGCONT');
    while (sandbox.calls.count(puts) === before) await pause(1);
    while (sandbox.inspect(serviceId)?.['scale'] !== 4) await pause(5);
    await pause(500);

    expect(sandbox.inspect(serviceId)?.['scale']).toBe(4);
    // The one that comes late, and the one that puts it right.
    expect(sandbox.calls.count(puts)).toBe(before + 2);
  }, 120_000);
});

/** Whether a process stands still (proc(5): state T). */
async function isStopped(pid: number | undefined): Promise<boolean> {
  return /^\d+ \(.*\) T/.test(await readFile(`/proc/${String(pid)}/stat`, 'utf8'));
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
