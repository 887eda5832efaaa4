import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SendState } from '../../../src/drivers/driver.ts';
import { markerLabel, type Change } from '../../../src/drivers/service-upgrade/change.ts';
import { convergeUpgrade } from '../../../src/drivers/service-upgrade/converge.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import { startQuickRancher } from '../support/quick-rancher.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';

const launchConfig = (tag: string, marker?: string): object => ({
  imageUuid: `docker:acme/web:${tag}`,
  version: tag,
  labels: { app: 'web', ...(marker === undefined ? {} : { [markerLabel]: marker }) },
});
/** As Rancher keeps it on the service after an upgrade, from `before` to `after`. */
const strategy = (before: object, after: object): object => ({
  type: 'serviceUpgrade',
  inServiceStrategy: {
    type: 'inServiceUpgradeStrategy',
    launchConfig: after,
    secondaryLaunchConfigs: [],
    previousLaunchConfig: before,
    previousSecondaryLaunchConfigs: [],
  },
  toServiceStrategy: null,
});
const [old, ours, theirs] = [launchConfig('v1'), launchConfig('v2', 'mine'), launchConfig('v3')];
/** Sent back whole by a hand: our label came along. */
const labelled = launchConfig('v3', 'mine');
const standings: Readonly<Record<string, object>> = {
  untouched: { launchConfig: old },
  'upgraded by us': { launchConfig: ours, upgrade: strategy(old, ours), state: 'upgrading' },
  'upgraded by us just now': { launchConfig: ours, upgrade: strategy(launchConfig('v0'), old), state: 'upgrading' },
  'upgraded by us and rolled back by a hand': { launchConfig: old, upgrade: strategy(old, ours) },
  'upgraded by us and on from there by a hand': { launchConfig: theirs, upgrade: strategy(ours, theirs) },
  'upgraded by us and on from there with our label': {
    launchConfig: labelled,
    upgrade: strategy(ours, labelled),
    state: 'upgraded',
  },
  'upgraded by us and just now on from there with our label': {
    launchConfig: labelled,
    upgrade: strategy(old, ours),
    state: 'upgrading',
  },
  'upgraded by a hand': { launchConfig: theirs, upgrade: strategy(old, theirs) },
  'busy with something else': { launchConfig: old, state: 'deactivating' },
  removed: { launchConfig: old, state: 'removed' },
};

describe('drivers/service-upgrade/converge', () => {
  let sandbox: Sandbox;
  let rancher: Rancher;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ sandbox, rancher, close } = await startQuickRancher());
  });
  afterAll(() => close());

  // Design §5.6. What may have been sent is looked for by its label before anything is sent; what is sent, is sent once.
  it.each<[keyof typeof standings, SendState, string, number]>([
    ['untouched', 'fresh', 'later', 1],
    ['untouched', 'unsent', 'later', 1],
    ['untouched', 'doubt', 'undecided', 0],
    ['untouched', 'settled-doubt', 'later', 1],
    ['upgraded by us', 'doubt', 'later', 0],
    ['upgraded by us', 'settled-doubt', 'later', 0],
    ['upgraded by us just now', 'doubt', 'later', 0],
    ['upgraded by us just now', 'settled-doubt', 'later', 0],
    ['upgraded by us and rolled back by a hand', 'doubt', 'superseded', 0],
    ['upgraded by us and rolled back by a hand', 'settled-doubt', 'superseded', 0],
    ['upgraded by us and on from there by a hand', 'settled-doubt', 'done', 0],
    ['upgraded by us and on from there with our label', 'doubt', 'done', 0],
    ['upgraded by us and on from there with our label', 'settled-doubt', 'done', 0],
    ['upgraded by us and just now on from there with our label', 'doubt', 'done', 0],
    ['upgraded by us and just now on from there with our label', 'settled-doubt', 'done', 0],
    ['upgraded by a hand', 'unsent', 'stale', 0],
    ['upgraded by a hand', 'doubt', 'undecided', 0],
    ['upgraded by a hand', 'settled-doubt', 'stale', 0],
    ['busy with something else', 'unsent', 'stale', 0],
    ['removed', 'fresh', 'failed', 0],
    ['removed', 'unsent', 'failed', 0],
    ['removed', 'settled-doubt', 'failed', 0],
  ])('of a service that is %s, %s: %s', async (standing, sendState, kind, sent) => {
    const serviceId = sandbox.addService({ projectId: '1a5', scale: 0, ...standings[standing] });
    const { version } = (await rancher.services.read(serviceId)).launchConfig ?? {};
    const decidedOn = standing.startsWith('upgraded') ? 'v1' : (version ?? null);
    const change: Change = {
      serviceId,
      serviceName: 'web',
      marker: 'mine',
      launchConfigs: [{ name: null, imageUuid: 'docker:acme/web:v2', version: decidedOn }],
      batchSize: 1,
      intervalMs: 1_000,
      startFirst: false,
      onFailure: 'leave',
      told: 'web to acme/web:v2',
    };
    sandbox.calls.clear();

    const progress = await convergeUpgrade(change, {
      rancher,
      sendState,
      read: {},
      write: {},
      ageMs: 0,
      lateWriteMs: 60_000,
    });

    expect([progress.kind, sandbox.calls.count({ method: 'POST' })]).toEqual([kind, sent]);
    if (progress.kind === 'failed')
      expect(progress).toMatchObject({
        code: 'TARGET_NOT_FOUND',
        applied: sendState === 'settled-doubt' ? 'unknown' : 'no',
      });
  });
});
