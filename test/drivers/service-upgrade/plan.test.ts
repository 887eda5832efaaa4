import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Signal } from '../../../src/domain/signal.ts';
import type { Asked, LaneHistory } from '../../../src/drivers/driver.ts';
import { serviceUpgrade } from '../../../src/drivers/service-upgrade.ts';
import { Config } from '../../../src/drivers/service-upgrade/config.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
import { startQuickRancher } from '../support/quick-rancher.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';

const history: LaneHistory = {};
const pushed = (tag: string, repository = 'acme/web'): Signal => ({
  says: 'fire',
  reason: `pushed ${repository}:${tag}`,
  image: { repository, tag },
});
const ask = (itemId: string, signal: Signal, fields: object = {}): Asked<Config> => ({
  itemId,
  signal,
  config: Config.parse({
    serviceSelector: { app: 'web' },
    tag: 'v*',
    tagMatch: 'glob',
    batchSize: 1,
    intervalMillis: 1,
    ...fields,
  }),
});

describe('drivers/service-upgrade/plan', () => {
  let sandbox: Sandbox;
  let rancher: Rancher;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ sandbox, rancher, close } = await startQuickRancher());
  });
  afterAll(() => close());

  const place = (fields: object = {}): string =>
    sandbox.addService({
      projectId: '1a5',
      launchConfig: { imageUuid: 'docker:acme/web:v1', labels: { app: 'web' } },
      ...fields,
    });
  const decide = async (serviceId: string, ...asked: readonly Asked<Config>[]) =>
    serviceUpgrade.plan(asked, await serviceUpgrade.read(`1a5/service/${serviceId}/upgrade`, rancher, {}), history);

  // Every state of the recordings b_*, c_* and of facts rancher-1.6 §4.7.
  it.each([
    ['active', 'change'],
    ['updating-active', 'change'],
    ['activating', 'change'],
    // Its containers are started by it (recording c_upgrade_inactive_service).
    ['inactive', 'change'],
    ['registering', 'wait'],
    ['deactivating', 'wait'],
    ['updating-inactive', 'wait'],
    ['restarting', 'wait'],
    ['upgrading', 'wait'],
    ['upgraded', 'wait'],
    ['finishing-upgrade', 'wait'],
    ['canceling-upgrade', 'wait'],
    ['canceled-upgrade', 'wait'],
    ['rolling-back', 'wait'],
    ['removing', 'failed'],
    ['removed', 'failed'],
    ['purged', 'failed'],
  ])('knows what to do with a service that is %s: %s', async (state, outcome) => {
    const { decisions, change, againAfterMs } = await decide(
      place({ name: `s-${state}`, state }),
      ask('item', pushed('v2')),
    );

    expect(decisions).toMatchObject([{ itemId: 'item', outcome }]);
    expect(change === undefined).toBe(outcome !== 'change');
    if (outcome === 'wait') {
      expect(againAfterMs).toBe(2_000);
      expect(decisions[0]?.message).toBe(`waits until service s-${state} can be upgraded; it is ${state}`);
    }
    if (outcome === 'failed') expect(decisions[0]).toMatchObject({ code: 'TARGET_NOT_FOUND' });
  });

  it('gives up at once where our key may not upgrade, instead of waiting for what never comes', async () => {
    const reader = connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.readonly });
    const target = `1a5/service/${place({ name: 'web' })}/upgrade`;
    const snapshot = await serviceUpgrade.read(target, reader.project('1a5'), {});
    await reader.close();

    expect(serviceUpgrade.plan([ask('item', pushed('v2'))], snapshot, history).decisions).toMatchObject([
      { outcome: 'failed', code: 'RANCHER_UNAUTHORIZED', message: expect.stringContaining('may change it') as unknown },
    ]);
  });

  it('gives each launch config the newest push of its own image, in one change', async () => {
    const id = place({
      name: 'web',
      secondaryLaunchConfigs: [{ name: 'logs', imageUuid: 'docker:acme/logs:v1', labels: { app: 'web' } }],
    });

    const { decisions, change } = await decide(
      id,
      ask('a', pushed('v2')),
      ask('b', pushed('v2', 'acme/logs')),
      ask('c', pushed('v3')),
    );

    expect(new Map(decisions.map(({ itemId, outcome, message }) => [itemId, [outcome, message]]))).toEqual(
      new Map([
        ['a', ['unchanged', 'a newer push takes its place: acme/web:v3']],
        ['b', ['change', 'upgrading web to acme/web:v3, logs of web to acme/logs:v2']],
        ['c', ['change', 'upgrading web to acme/web:v3, logs of web to acme/logs:v2']],
      ]),
    );
    expect(change).toMatchObject({
      marker: 'c',
      launchConfigs: [
        { name: null, imageUuid: 'docker:acme/web:v3' },
        { name: 'logs', imageUuid: 'docker:acme/logs:v2' },
      ],
    });
  });

  it('lets pushes wait with their order kept: the newest wins whenever the service can take it', async () => {
    const id = place({ name: 'busy', state: 'upgrading' });

    const { decisions, change } = await decide(id, ask('a', pushed('v2')), ask('b', pushed('v3')));

    expect(new Map(decisions.map(({ itemId, outcome }) => [itemId, outcome]))).toEqual(
      new Map([
        ['a', 'unchanged'],
        ['b', 'wait'],
      ]),
    );
    expect(change).toBeUndefined();
  });

  it('ends a push whose service runs another image by now', async () => {
    const id = place({ name: 'moved', launchConfig: { imageUuid: 'docker:acme/other:v1', labels: { app: 'web' } } });

    expect((await decide(id, ask('item', pushed('v2')))).decisions).toMatchObject([{ outcome: 'ignored' }]);
  });

  it('stores neither the launch config nor anything in it but names, images and versions', async () => {
    const launchConfig = {
      imageUuid: 'docker:acme/web:v1',
      labels: { app: 'web' },
      environment: { TOKEN: 'secret-of-the-owner' },
    };

    const { change } = await decide(place({ name: 'secretive', launchConfig }), ask('item', pushed('v2')));

    expect(JSON.stringify(change)).not.toContain('secret-of-the-owner');
  });
});
