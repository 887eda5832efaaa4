import { describe, expect, it } from '@jest/globals';
import type { FollowContext } from '../../../src/drivers/driver.ts';
import { markerLabel, type Change } from '../../../src/drivers/service-upgrade/change.ts';
import { followUpgrade } from '../../../src/drivers/service-upgrade/follow.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';

const minute = 60_000;
const launchConfig = (marker: string): object => ({
  imageUuid: 'docker:acme/web:v2',
  labels: { [markerLabel]: marker },
});
const change: Change = {
  serviceId: '',
  serviceName: 'web',
  marker: 'mine',
  launchConfigs: [{ name: null, imageUuid: 'docker:acme/web:v2', version: 'before' }],
  batchSize: 1,
  intervalMs: 1_000,
  startFirst: false,
  onFailure: 'leave',
  told: 'web to acme/web:v2',
};

/** Looks once after a service that stands like this. */
async function look(service: object, changed: Partial<Change>, ageMs: number) {
  const sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0 });
  const server = connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.project });
  try {
    const serviceId = sandbox.addService({ projectId: '1a5', name: 'web', ...service });
    const context: FollowContext = { rancher: server.project('1a5'), read: {}, write: {}, ageMs, lateWriteMs: 60_000 };
    const progress = await followUpgrade({ ...change, serviceId, ...changed }, context);
    const actions = sandbox.calls.list().flatMap(({ path }) => /action=(\w+)/.exec(path)?.[1] ?? []);
    return { progress, actions };
  } finally {
    await server.close();
    await sandbox.close();
  }
}

const strategyOf = (marker: string): object => ({
  type: 'serviceUpgrade',
  inServiceStrategy: {
    type: 'inServiceUpgradeStrategy',
    launchConfig: launchConfig(marker),
    secondaryLaunchConfigs: [],
    previousLaunchConfig: { imageUuid: 'docker:acme/web:v1', version: 'before' },
    previousSecondaryLaunchConfigs: [],
  },
  toServiceStrategy: null,
});
const ours = { launchConfig: launchConfig('mine'), upgrade: strategyOf('mine') };
const rolledBack = {
  launchConfig: { imageUuid: 'docker:acme/web:v1', version: 'before' },
  upgrade: strategyOf('mine'),
};

/** The launch configs of a service, as it runs and as Rancher keeps them with the last upgrade. */
interface Configs {
  readonly launchConfig: object;
  readonly secondaryLaunchConfigs: readonly object[];
}
const configs = (primary: string, sidekick = 'logs', marks: { primary?: string; sidekick?: string } = {}): Configs => {
  const labels = (marker?: string) => (marker === undefined ? {} : { labels: { [markerLabel]: marker } });
  return {
    launchConfig: { imageUuid: 'docker:acme/web', version: primary, ...labels(marks.primary) },
    secondaryLaunchConfigs: [
      { name: 'logs', imageUuid: 'docker:acme/logs', version: sidekick, ...labels(marks.sidekick) },
    ],
  };
};
const upgradeTo = ({ launchConfig: primary, secondaryLaunchConfigs }: Configs, from: Configs): object => ({
  type: 'serviceUpgrade',
  inServiceStrategy: {
    type: 'inServiceUpgradeStrategy',
    launchConfig: primary,
    secondaryLaunchConfigs,
    previousLaunchConfig: from.launchConfig,
    previousSecondaryLaunchConfigs: from.secondaryLaunchConfigs,
  },
  toServiceStrategy: null,
});
const [before, mine] = [configs('v1'), configs('v2', 'logs', { primary: 'mine' })];
/** Sent back whole, as Rancher's own pages do: our label came along. */
const next = configs('v3', 'logs', { primary: 'mine' });
const nextSidekick = configs('v2', 'logs-2', { primary: 'mine', sidekick: 'theirs' });
const mineBesideTheirs = configs('v2', 'logs', { primary: 'mine', sidekick: 'theirs' });
/** How another service takes this one's place: such a strategy says nothing of launch configs. */
const toAnother = { type: 'serviceUpgrade', inServiceStrategy: null, toServiceStrategy: { toServiceId: '1s2' } };

describe('drivers/service-upgrade/follow', () => {
  it.each([
    ['finishes our own', { ...ours, state: 'upgraded' }, {}, 1, 'later', ['finishupgrade']],
    ['looks again while it goes on', { ...ours, state: 'upgrading' }, {}, 1, 'later', []],
    ['is done when it is active again', { ...ours, state: 'active' }, {}, 1, 'done', []],
    ['leaves a slow one for people', { ...ours, state: 'upgrading' }, {}, 31, 'failed', []],
    ['rolls a slow one back', { ...ours, state: 'upgrading' }, { onFailure: 'rollback' }, 31, 'later', ['rollback']],
    ['gives a rollback up in the end', { ...ours, state: 'upgrading' }, { onFailure: 'rollback' }, 61, 'failed', []],
    ['waits for its own rollback', { ...rolledBack, state: 'rolling-back' }, { rollingBack: 'slow' }, 32, 'later', []],
    ['says that it rolled back', { ...rolledBack, state: 'active' }, { rollingBack: 'slow' }, 33, 'failed', []],
    ['knows a rollback by hand', { ...rolledBack, state: 'active' }, {}, 1, 'superseded', []],
    ['knows a cancel by hand', { ...ours, state: 'canceled-upgrade' }, {}, 1, 'superseded', []],
    ['knows another upgrade', { launchConfig: launchConfig('theirs'), state: 'upgraded' }, {}, 1, 'superseded', []],
    [
      'was done before another',
      { launchConfig: launchConfig('theirs'), state: 'upgraded' },
      { isFinishing: true },
      1,
      'done',
      [],
    ],
    ['notices that it is gone', { ...ours, state: 'removed' }, {}, 1, 'failed', []],
    ['waits for a cancel', { ...ours, state: 'canceling-upgrade' }, {}, 1, 'later', []],
  ] as const)('%s', async (_case, service, changed, minutes, kind, expected) => {
    const { progress, actions } = await look(service, changed, minutes * minute);

    expect({ kind: progress.kind, actions }).toEqual({ kind, actions: expected });
  });

  it('tells a deadline that changed nothing from one that may have', async () => {
    const left = await look({ ...ours, state: 'upgrading' }, {}, 31 * minute);
    const back = await look({ ...rolledBack, state: 'active' }, { rollingBack: 'slow' }, 33 * minute);

    expect(left.progress).toMatchObject({ code: 'DEADLINE_EXCEEDED', applied: 'unknown' });
    expect(back.progress).toMatchObject({ code: 'DEADLINE_EXCEEDED', applied: 'no' });
  });

  // Design §5.6. The deadline is over and the receiver wants a rollback: whatever is not proven ours must stay as it is.
  it.each([
    ['begun', { ...next, upgrade: upgradeTo(next, mine), state: 'upgrading' }, 'done', []],
    ['begun, and not shown yet', { ...next, upgrade: upgradeTo(mine, before), state: 'upgrading' }, 'done', []],
    ['complete', { ...next, upgrade: upgradeTo(next, mine), state: 'upgraded' }, 'done', []],
    ['being finished', { ...next, upgrade: upgradeTo(next, mine), state: 'finishing-upgrade' }, 'done', []],
    ['being cancelled', { ...next, upgrade: upgradeTo(next, mine), state: 'canceling-upgrade' }, 'done', []],
    ['cancelled', { ...next, upgrade: upgradeTo(next, mine), state: 'canceled-upgrade' }, 'done', []],
    ['being rolled back', { ...mine, upgrade: upgradeTo(next, mine), state: 'rolling-back' }, 'done', []],
    ['rolled back', { ...mine, upgrade: upgradeTo(next, mine), state: 'active' }, 'done', []],
    ['of a sidekick', { ...nextSidekick, upgrade: upgradeTo(nextSidekick, mine), state: 'upgrading' }, 'done', []],
    ['of no launch config', { ...mine, upgrade: toAnother, state: 'upgrading' }, 'superseded', []],
    ['of no launch config, complete', { ...mine, upgrade: toAnother, state: 'upgraded' }, 'superseded', []],
    ['of no launch config, at an end', { ...mine, upgrade: toAnother, state: 'active' }, 'done', []],
  ] as const)('leaves an upgrade alone that follows our own: %s', async (_case, service, kind, expected) => {
    const { progress, actions } = await look(service, { onFailure: 'rollback' }, 31 * minute);

    expect({ kind: progress.kind, actions }).toEqual({ kind, actions: expected });
  });

  it.each([
    [
      'finishes our own beside a sidekick of theirs',
      { ...mineBesideTheirs, upgrade: upgradeTo(mineBesideTheirs, configs('v1', 'logs', { sidekick: 'theirs' })) },
      'upgraded',
      1,
      ['finishupgrade'],
    ],
    ['waits until its own is shown', { ...mine, upgrade: upgradeTo(before, configs('v0')) }, 'upgrading', 1, []],
    ['waits until its own, the first, is shown', { ...mine, upgrade: null }, 'upgrading', 1, []],
    ['waits where none is shown', { ...mine, upgrade: toAnother }, 'upgraded', 1, []],
    ['rolls its own back', { ...mine, upgrade: upgradeTo(mine, before) }, 'upgrading', 31, ['rollback']],
  ] as const)('%s', async (_case, service, state, minutes, expected) => {
    const { progress, actions } = await look({ ...service, state }, { onFailure: 'rollback' }, minutes * minute);

    expect({ kind: progress.kind, actions }).toEqual({ kind: 'later', actions: expected });
  });

  // All its containers are new: nothing failed that a rollback would mend.
  it('rolls nothing back that it has finished', async () => {
    const finishing = { ...mine, upgrade: upgradeTo(mine, before), state: 'finishing-upgrade' };
    // The answer to the request that finishes it may be lost, and only its state tells.
    for (const noted of [{ isFinishing: true }, {}] as const) {
      const { progress, actions } = await look(finishing, { onFailure: 'rollback', ...noted }, 31 * minute);

      expect(actions).toEqual([]);
      expect(progress).toMatchObject({ kind: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'unknown' });
    }
  });

  it('notes that it is being finished by its state, too', async () => {
    const finishing = { ...mine, upgrade: upgradeTo(mine, before), state: 'finishing-upgrade' };

    expect((await look(finishing, {}, minute)).progress).toMatchObject({
      kind: 'later',
      change: { isFinishing: true },
    });
  });
});
