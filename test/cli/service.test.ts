import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunningService } from '../../src/cli/running-service.ts';
import { startService } from '../../src/cli/service.ts';
import { readServeConfig } from '../../src/config/read-config.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { call, type PlainAnswer } from '../support/http-client.ts';
import { basic } from '../support/running-api.ts';

const presence = { beatEveryMs: 50, staleAfterMs: 500, litterAfterMs: 60_000 };

let sandbox: Sandbox;
let directory: string;
const running: RunningService[] = [];

beforeEach(async () => {
  sandbox = await startSandbox({ speed: 50 });
  directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-service-'));
});

afterEach(async () => {
  for (const service of running.splice(0)) await service.close();
  await sandbox.close();
  await rm(directory, { recursive: true });
});

async function start(name: string, more: Record<string, string> = {}): Promise<RunningService> {
  const { accessKey, secretKey } = sandbox.project.keys.project;
  const config = readServeConfig({
    CATTLE_URL: sandbox.url,
    CATTLE_ACCESS_KEY: accessKey,
    CATTLE_SECRET_KEY: secretKey,
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: join(directory, name),
    LOG_LEVEL: 'error',
    ...more,
  });
  const service = await startService(config, { presence });
  running.push(service);
  return service;
}

const asOwner = () => ({ authorization: basic(sandbox.project.keys.owner) });

async function makeReceiver(service: RunningService): Promise<{ readonly serviceId: string; readonly path: string }> {
  const serviceId = sandbox.addService({ projectId: '1a5', scale: 1 });
  const answer = await call(service.url, {
    method: 'POST',
    path: '/v1-webhooks/receivers?projectId=1a5',
    headers: asOwner(),
    body: {
      name: `up-${serviceId}`,
      driver: 'scaleService',
      scaleServiceConfig: { serviceId, action: 'up', amount: 1, min: 1, max: 5_000 },
    },
  });
  const { pathname, search } = new URL(String(answer.body['url']));
  return { serviceId, path: `${pathname}${search}` };
}

interface Ready {
  readonly status: number;
  readonly check: { readonly state?: string; readonly message?: string };
}

async function readiness(service: RunningService, wanted: string): Promise<Ready> {
  const { status, body } = await call(service.url, { path: '/readyz' });
  const check = (body['checks'] as readonly { name: string }[]).find(({ name }) => name === wanted) ?? {};
  return { status, check };
}

const onlyExecutor = (service: RunningService): Promise<Ready> => readiness(service, 'only-executor');

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(50);
}

/** Sends so many calls, so many of them at a time. */
async function storm(
  service: RunningService,
  path: string,
  { count, atOnce, headers = {} }: { count: number; atOnce: number; headers?: Record<string, string> },
): Promise<readonly PlainAnswer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const request = { method: 'POST', path, headers };
  const answers = await Promise.all(Array.from({ length: count }, () => call(service.url, request, agent)));
  agent.destroy();
  return answers;
}

describe('cli/service', () => {
  it('checks what the operators are told of, and nothing else', async () => {
    const service = await start('one');
    const { body } = await call(service.url, { path: '/readyz' });
    const asked = (body['checks'] as readonly { readonly name: string }[]).map(({ name }) => name);

    const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const chapter = page.split(/^## /m).find((text) => text.startsWith('What each readiness reason means')) ?? '';
    const told = [...chapter.matchAll(/^\| `([a-z-]+)`/gm)].map(([, name]) => name);

    expect(told).toEqual(asked);
  });

  it('is unready while another installation executes in the same environment, and says which', async () => {
    const one = await start('one');
    await makeReceiver(one);
    const other = await start('other');

    await until(async () => (await onlyExecutor(one)).status === 503 && (await onlyExecutor(other)).status === 503);
    const found = await onlyExecutor(other);
    const listed = await call(one.url, { path: '/v1-webhooks/receivers?projectId=1a5', headers: asOwner() });
    await other.close();

    expect(found.check).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/another installation executes as well: .* in 1a5; stop one of them/),
    });
    expect(listed.body['data']).toMatchObject([{ driver: 'scaleService' }]);
    await until(async () => (await onlyExecutor(one)).status === 200);
  }, 20_000);

  it('takes from the environment what holds for receivers that say nothing', async () => {
    const service = await start('one', { COOLDOWN_SECONDS: '600', ALLOWED_SOURCES: '127.0.0.0/8' });
    const { path } = await makeReceiver(service);
    const headers = asOwner();

    const listed = await call(service.url, { path: '/v1-webhooks/receivers?projectId=1a5', headers });
    const outcomes = [
      await call(service.url, { method: 'POST', path }),
      await call(service.url, { method: 'POST', path }),
    ];

    const installationDefaults = { cooldownSeconds: 600, allowedSources: ['127.0.0.0/8'] };
    expect(listed.body['data']).toMatchObject([{ installationDefaults }]);
    expect(outcomes.map(({ body }) => body['outcome'])).toEqual(['scaled', 'cooling-down']);
  });

  it('stays ready beside an installation that acts in another environment', async () => {
    const one = await start('one');
    await start('other');

    await pause(4 * presence.beatEveryMs);

    expect(await onlyExecutor(one)).toMatchObject({ status: 200, check: { state: 'ok' } });
  });

  it('says whether the change stream of the environments in use is heard', async () => {
    const service = await start('one');
    const changeStream = (): Promise<Ready> => readiness(service, 'change-stream');

    expect(await changeStream()).toMatchObject({ check: { state: 'ok', message: 'nothing is watched yet' } });
    await makeReceiver(service);
    await until(async () => (await changeStream()).check.message === 'changes arrive');
    await sandbox.faults.goAway();

    await until(async () => (await changeStream()).check.state === 'warning');
    expect(await changeStream()).toMatchObject({
      check: { message: expect.stringMatching(/^not connected to Rancher's change stream/) },
    });
  }, 20_000);

  it('answers whether it is alive and ready during a storm, and counts every trigger', async () => {
    const service = await start('one');
    const { serviceId, path } = await makeReceiver(service);
    const asked: { readonly status: number; readonly tookMs: number }[] = [];
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        for (const health of ['/healthz', '/readyz']) {
          const begunMs = performance.now();
          const { status } = await call(service.url, { path: health });
          asked.push({ status, tookMs: performance.now() - begunMs });
        }
      }
    })();

    const answers = await storm(service, path, { count: 1_000, atOnce: 100 });
    isOver = true;
    await watching;

    expect(asked.length).toBeGreaterThan(4);
    // Callers, service and Rancher share this process and its core: what is measured is that nobody is kept until the storm is over.
    expect(asked.filter(({ status, tookMs }) => status !== 200 || tookMs >= 5_000)).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(sandbox.inspect(serviceId)?.['scale']).toBe(1_001);
  }, 60_000);

  it('refuses with 503 and Retry-After what a full lane cannot take, and stores none of it', async () => {
    const service = await start('one');
    const { serviceId, path } = await makeReceiver(service);
    const away = { kind: 'status', status: 503, when: 'before-acting' } as const;
    sandbox.faults.add({ path: new RegExp(`/services/${serviceId}`), times: Infinity, fault: away });
    const headers = { prefer: 'respond-async' };

    const taken = await storm(service, path, { count: 1_000, atOnce: 50, headers });
    const refused = await storm(service, path, { count: 20, atOnce: 10, headers });

    expect(new Set(taken.map(({ status }) => status))).toEqual(new Set([202]));
    for (const { status, headers: told, body } of refused) {
      expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'OVERLOADED' });
      expect(Number(told['retry-after'])).toBeGreaterThan(0);
    }
    const history = '/v1-webhooks/executions?projectId=1a5&limit=1000';
    const stored = await call(service.url, { path: history, headers: asOwner() });
    expect(stored.body['data']).toHaveLength(1_000);
    expect(stored.body['pagination']).toMatchObject({ next: null });
    expect((await call(service.url, { path: '/healthz' })).status).toBe(200);
  }, 60_000);
});
