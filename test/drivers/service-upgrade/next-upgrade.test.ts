import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConvergeContext, Progress } from '../../../src/drivers/driver.ts';
import type { Change } from '../../../src/drivers/service-upgrade/change.ts';
import { convergeUpgrade } from '../../../src/drivers/service-upgrade/converge.ts';
import { followUpgrade } from '../../../src/drivers/service-upgrade/follow.ts';
import type { Service } from '../../../src/rancher/resources.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';

const minute = 60_000;

describe('drivers/service-upgrade: the next upgrade, begun while nobody looks after ours', () => {
  let sandbox: Sandbox;
  let rancher: Rancher;
  let close: () => Promise<void>;
  let id: string;

  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
    const server = connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.project });
    rancher = server.project('1a5');
    close = async () => {
      await server.close();
      await sandbox.close();
    };
    id = sandbox.addService({
      projectId: '1a5',
      name: 'web',
      scale: 2,
      launchConfig: { imageUuid: 'docker:acme/web:v1' },
      secondaryLaunchConfigs: [{ name: 'logs', imageUuid: 'docker:acme/logs:v1' }],
    });
  });
  afterEach(() => close());

  const context = (minutes: number): Omit<ConvergeContext, 'sendState'> => ({
    rancher,
    read: {},
    write: {},
    ageMs: minutes * minute,
    lateWriteMs: minute,
  });
  const reaches = async (state: string): Promise<Service> => {
    for (;;) {
      const service = await rancher.services.read(id);
      if (service.state === state) return service;
      await pause(5);
    }
  };
  /** Upgrades the service by a change of ours, until it waits to be finished. */
  const upgradeOurs = async (name: string | null, imageUuid: string): Promise<Change> => {
    const change: Change = {
      serviceId: id,
      serviceName: 'web',
      marker: `mine-${imageUuid}`,
      launchConfigs: [{ name, imageUuid, version: '0' }],
      batchSize: 1,
      intervalMs: 1_000,
      startFirst: false,
      onFailure: 'rollback',
      told: 'web to acme/web:v2',
    };
    await convergeUpgrade(change, { ...context(0), sendState: 'unsent' });
    await reaches('upgraded');
    return change;
  };
  /** What one more look after our change sends, and what it comes to. */
  const lookAfter = async (
    change: Change,
    minutes: number,
  ): Promise<readonly [Progress['kind'], readonly string[]]> => {
    sandbox.calls.clear();
    const progress = await followUpgrade(change, context(minutes));
    const actions = sandbox.calls.list().flatMap(({ path }) => /action=(\w+)/.exec(path)?.[1] ?? []);
    return [progress.kind, actions];
  };
  const upgradeByHand = async (launchConfigs: object): Promise<void> => {
    await rancher.services.action(id, 'upgrade', {
      inServiceStrategy: { batchSize: 1, intervalMillis: 2_000, ...launchConfigs },
    });
  };

  it.each([
    ['goes on', 'upgrading', undefined],
    ['waits to be finished', 'upgraded', undefined],
    ['was cancelled', 'canceled-upgrade', 'cancelupgrade'],
    ['was rolled back', 'active', 'rollback'],
    ['was finished', 'active', 'finishupgrade'],
  ])('is left alone when it took our label along and %s', async (_case, state, action) => {
    const ours = await upgradeOurs(null, 'docker:acme/web:v2');
    await rancher.services.action(id, 'finishupgrade');
    const { launchConfig } = await reaches('active');
    await upgradeByHand({ launchConfig: { ...launchConfig, imageUuid: 'docker:acme/web:v3' } });
    if (action !== undefined) {
      if (action !== 'cancelupgrade') await reaches('upgraded');
      await rancher.services.action(id, action);
    }
    await reaches(state);

    expect(await lookAfter(ours, 1)).toEqual(['done', []]);
    expect(await lookAfter(ours, 31)).toEqual(['done', []]);
  });

  it.each([
    ['sidekick', null, 'docker:acme/web:v2', 'logs', 'docker:acme/logs:v2'],
    ['primary launch config', 'logs', 'docker:acme/logs:v2', null, 'docker:acme/web:v2'],
  ])('is finished by its own change when it is one of ours, of the %s', async (_case, name, image, nextName, next) => {
    const first = await upgradeOurs(name, image);
    expect(await lookAfter(first, 20)).toEqual(['later', ['finishupgrade']]);
    await reaches('active');
    const second = await upgradeOurs(nextName, next);

    expect(await lookAfter({ ...first, isFinishing: true }, 31)).toEqual(['done', []]);
    expect(await lookAfter(first, 31)).toEqual(['done', []]);
    expect(await lookAfter(second, 1)).toEqual(['later', ['finishupgrade']]);
  });
});
