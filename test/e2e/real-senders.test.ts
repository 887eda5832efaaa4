import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { endChildService, startChildService } from '../support/crash/child-service.ts';
import type { ChildOptions, ChildService } from '../support/crash/child-service.ts';
import type { Death } from '../support/crash/deaths.ts';
import { call } from '../support/http-client.ts';
import { freePort } from '../support/free-port.ts';
import { basic } from '../support/running-api.ts';
import { startAlerting, type Alerting } from './support/alerting.ts';
import { startRegistry, type Registry } from './support/registry.ts';
import { closeAll } from './support/stack.ts';

interface Shown {
  readonly outcome: string;
  readonly format: string;
  readonly from?: number;
  readonly to?: number;
  readonly items?: readonly { readonly message?: string }[];
}

describe('real senders', () => {
  let sandbox: Sandbox;
  let dataDirectory: string;
  let port: number;
  let service: ChildService;
  let sender: Alerting | Registry | undefined;

  beforeEach(async () => {
    sandbox = await startSandbox({ speed: 50 });
    dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-senders-'));
    port = await freePort();
    await startService();
  });
  afterEach(async () => {
    await closeAll(
      () => sender?.close(),
      () => endChildService(service),
      () => sandbox.close(),
      () => rm(dataDirectory, { recursive: true }),
    );
    sender = undefined;
  });

  /** Always at the same address and on the same database, as a container that is started again. */
  async function startService(dieAt?: ChildOptions['dieAt']): Promise<void> {
    service = await startChildService({ sandbox, dataDirectory, port, ...(dieAt === undefined ? {} : { dieAt }) });
  }

  async function manage(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { authorization: basic(sandbox.project.keys.owner) };
    const answer = await call(service.url, { method, path, headers, ...(body === undefined ? {} : { body }) });
    expect(answer).toMatchObject({ status: 200 });
    return answer.body;
  }

  async function makeReceiver(body: object): Promise<{ readonly id: string; readonly url: string }> {
    const { id, url } = await manage('POST', '/v1-webhooks/receivers?projectId=1a5', body);
    return { id: String(id), url: String(url) };
  }

  /** What the receiver's triggers came to, oldest first. */
  async function history(receiverId: string): Promise<readonly Shown[]> {
    const { data } = await manage('GET', `/v1-webhooks/executions?projectId=1a5&receiverId=${receiverId}`);
    return (data as readonly Shown[]).toReversed();
  }

  describe('prometheus and prometheus-alertmanager', () => {
    let ignoring: { readonly id: string; readonly serviceId: string; readonly url: string };
    let reversing: typeof ignoring;
    let alerting: Alerting;

    async function makeScaling(name: string, more: object): Promise<typeof ignoring> {
      const serviceId = sandbox.addService({ projectId: '1a5', name, scale: 2 });
      const scaleServiceConfig = { serviceId, action: 'up', amount: 1, min: 1, max: 9 };
      return { serviceId, ...(await makeReceiver({ name, driver: 'scaleService', scaleServiceConfig, ...more })) };
    }

    beforeEach(async () => {
      ignoring = await makeScaling('ignoring', {});
      reversing = await makeScaling('reversing', {
        format: 'alertmanager',
        formatSettings: { onResolved: 'reverse' },
      });
      alerting = await startAlerting([ignoring.url, reversing.url]);
      sender = alerting;
    });

    const scales = (): readonly unknown[] =>
      [ignoring, reversing].map(({ serviceId }) => sandbox.inspect(serviceId)?.['scale']);
    const effectivePuts = ({ serviceId }: typeof ignoring): number =>
      sandbox.calls
        .list()
        .filter(({ method, path, status }) => method === 'PUT' && path.endsWith(`/${serviceId}`) && status === 200)
        .length;

    /** Alertmanager has told the same at least four times more, and was answered. */
    async function toldAgain(): Promise<void> {
      const before = await alerting.calls();
      await until('told again', async () => {
        const now = await alerting.calls();
        return now.made - now.failed - (before.made - before.failed) >= 4;
      });
    }

    /** Nothing has been told for three of Alertmanager's intervals. */
    async function toldAll(): Promise<void> {
      let last = -1;
      for (;;) {
        const { made } = await alerting.calls();
        if (made === last) return;
        last = made;
        await pause(3_000);
      }
    }

    async function expectOnceUpAndOnceDown(): Promise<void> {
      expect(scales()).toEqual([3, 2]);
      expect([effectivePuts(ignoring), effectivePuts(reversing)]).toEqual([1, 2]);
      const changes = (await history(reversing.id)).map(({ outcome, from, to }) => ({ outcome, from, to }));
      expect(changes).toEqual([
        { outcome: 'scaled', from: 2, to: 3 },
        { outcome: 'scaled', from: 3, to: 2 },
      ]);
      const only = (await history(ignoring.id)).filter(({ outcome }) => outcome !== 'ignored');
      expect(only).toMatchObject([{ outcome: 'scaled', format: 'alertmanager', from: 2, to: 3 }]);
    }

    it('scale up once while a rule fires, however often it is told, and down once when it is over', async () => {
      alerting.setLoad('high');
      await until('scaled up', () => scales().join() === '3,3');
      await toldAgain();
      expect(scales()).toEqual([3, 3]);

      alerting.setLoad('low');
      await until('scaled down', () => scales().join() === '3,2');
      await toldAll();

      await expectOnceUpAndOnceDown();
    }, 60_000);

    it('do so when the service is killed at both changes and between them', async () => {
      await endChildService(service);
      await startService({ step: 'replied', occurrence: 1 });
      alerting.setLoad('high');
      await service.gone;
      await startService();
      await until('scaled up', () => scales().join() === '3,3');
      await toldAgain();

      await service.kill('SIGKILL');
      const { failed } = await alerting.calls();
      await until('missed', async () => (await alerting.calls()).failed > failed);
      await startService({ step: 'sending', occurrence: 1 });
      await toldAgain();
      expect(scales()).toEqual([3, 3]);

      alerting.setLoad('low');
      await service.gone;
      expect(scales()).toEqual([3, 3]);
      await startService();
      await until('scaled down', () => scales().join() === '3,2');
      await toldAll();

      await expectOnceUpAndOnceDown();
    }, 60_000);
  });

  describe('docker-registry', () => {
    let registry: Registry;
    let deploy: { readonly id: string; readonly url: string };

    beforeEach(async () => {
      deploy = await makeReceiver({
        name: 'deploy',
        driver: 'serviceUpgrade',
        format: 'distribution',
        serviceUpgradeConfig: {
          serviceSelector: { app: 'web' },
          tag: 'v*',
          tagMatch: 'glob',
          batchSize: 1,
          intervalMillis: 1,
        },
      });
      registry = await startRegistry(deploy.url);
      sender = registry;
    });

    const placeService = (name: string, repository: string): string =>
      sandbox.addService({
        projectId: '1a5',
        name,
        launchConfig: { imageUuid: `docker:${registry.host}/${repository}:v1`, labels: { app: 'web' } },
      });
    const shown = (serviceId: string): unknown => {
      const { state, launchConfig } = sandbox.inspect(serviceId) ?? {};
      return { state, image: (launchConfig as { readonly imageUuid?: string } | undefined)?.imageUuid };
    };
    const upgradesOf = (serviceId: string): number =>
      sandbox.calls.list().filter(({ path, status }) => path.includes(`/${serviceId}?action=upgrade`) && status === 202)
        .length;

    it.each<{ readonly when: string; readonly dieAt: Death | undefined }>([
      { when: 'while the service runs', dieAt: undefined },
      { when: 'when the service is killed as it sends the upgrade', dieAt: { step: 'sending', occurrence: 1 } },
      { when: 'when the service is killed after the upgrade', dieAt: { step: 'replied', occurrence: 1 } },
    ])(
      'upgrades the service to exactly the tag just pushed, once, $when',
      async ({ dieAt }) => {
        const [web, api] = [placeService('web', 'acme/web'), placeService('api', 'acme/api')];
        if (dieAt !== undefined) {
          await endChildService(service);
          await startService(dieAt);
        }

        await registry.push({ repository: 'acme/web', tag: 'v2' });
        await registry.pull({ repository: 'acme/web', tag: 'v2' });
        if (dieAt !== undefined) {
          await service.gone;
          await startService();
        }
        const upgraded = { state: 'active', image: `docker:${registry.host}/acme/web:v2` };
        await until('upgraded', async () =>
          (await history(deploy.id)).some(({ outcome }) => outcome === 'scaled' || outcome === 'failed'),
        );
        // Notifications come in order: once this one has been told, all before it have.
        await registry.push({ repository: 'acme/unused', tag: 'v3' });
        await until('all told', async () =>
          (await history(deploy.id)).some((execution) => JSON.stringify(execution).includes('acme/unused:v3')),
        );

        expect(shown(web)).toEqual(upgraded);
        expect(shown(api)).toEqual({ state: 'active', image: `docker:${registry.host}/acme/api:v1` });
        expect([upgradesOf(web), upgradesOf(api)]).toEqual([1, 0]);
        const effective = (await history(deploy.id)).filter(({ outcome }) => outcome !== 'ignored');
        expect(effective).toMatchObject([
          { outcome: 'scaled', items: [{ message: `upgraded web to ${registry.host}/acme/web:v2` }] },
        ]);
      },
      40_000,
    );
  });
});

const patienceMs = 25_000;

/** Looks until it is so. @throws Error naming what did not come about */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`not ${what} within ${String(patienceMs)} ms`);
    await pause(50);
  }
}
