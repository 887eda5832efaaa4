import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf, until } from './caller.ts';
import type { Answer, Caller } from './caller.ts';
import { fixture } from './recordings.ts';

type LaunchConfig = Readonly<Record<string, unknown>>;

interface Seen {
  readonly state: string;
  readonly transitioning: string;
  readonly scale: number;
  readonly currentScale: number | null;
  readonly instanceIds: readonly string[] | null;
  readonly actions: Readonly<Record<string, string>>;
  readonly launchConfig: LaunchConfig;
  readonly secondaryLaunchConfigs: readonly LaunchConfig[];
  readonly upgrade: { readonly inServiceStrategy: LaunchConfig } | null;
}

interface Recorded {
  readonly refused: readonly {
    readonly recording: string;
    readonly action: string;
    readonly body?: object;
    readonly status: number;
    readonly code: string;
    readonly fieldName: string;
  }[];
  readonly states: Readonly<Record<string, { readonly transitioning: string; readonly actions: readonly string[] }>>;
  readonly strategy: { readonly inServiceStrategy: LaunchConfig };
  readonly partial: { readonly body: object; readonly after: LaunchConfig };
  readonly unknownSidekick: {
    readonly body: object;
    readonly namesAfter: readonly string[];
    readonly added: LaunchConfig;
  };
  readonly withSecrets: { readonly sent: LaunchConfig; readonly answered: LaunchConfig };
}

const recorded = fixture('upgrades') as Recorded;
/** Half a second between two batches here: what is to meet the upgrade under way meets it on a busy machine, too. */
const slowly = { intervalMillis: 20_000 };
const primary = { imageUuid: 'sim:nginx:1', networkMode: 'none', labels: { app: 'web' }, memory: 67_108_864 };
const sidekicks = ['side1', 'side2'].map((name) => ({ name, imageUuid: 'sim:side:1', labels: { app: 'side' } }));

describe('sandbox/services/upgrade', () => {
  let sandbox: Sandbox;
  let call: Caller;
  const path = (id: string): string => `/v2-beta/projects/1a5/services/${id}`;
  const read = async (id: string): Promise<Seen> => (await call(path(id))).json as unknown as Seen;
  const act = (id: string, action: string, body: object = {}): Promise<Answer> =>
    call(`${path(id)}?action=${action}`, { method: 'POST', body });
  const upgrade = async (id: string, strategy: object = {}): Promise<Answer> => {
    const { launchConfig } = await read(id);
    const changed = { ...launchConfig, imageUuid: 'sim:nginx:2' };
    return act(id, 'upgrade', { inServiceStrategy: { launchConfig: changed, intervalMillis: 100, ...strategy } });
  };
  const comesTo = (id: string, state: string): Promise<Seen> =>
    until(
      () => read(id),
      (service) => service.state === state,
    );
  const place = (fields: object = {}): string =>
    sandbox.addService({ projectId: '1a5', scale: 3, launchConfig: primary, ...fields });
  const images = async (id: string): Promise<readonly string[]> => {
    const { json } = await call(`${path(id)}/instances`);
    const instances = json['data'] as readonly { readonly imageUuid: string; readonly state: string }[];
    return instances.map(({ imageUuid, state }) => `${imageUuid} ${state}`).toSorted();
  };

  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 40 });
    call = callerOf(sandbox.url, sandbox.project.keys.project);
  });
  afterAll(() => sandbox.close());

  it.each(recorded.refused)('refuses as recorded: $recording', async ({ action, body, status, code, fieldName }) => {
    const answer = await act(place(), action, body);

    expect(answer).toMatchObject({ status, json: { code, fieldName, message: null } });
  });

  it('goes through the recorded states, each with its recorded actions', async () => {
    const id = place();
    const seen = new Map<string, Seen>();
    const watch = async (action: string, last: string): Promise<void> => {
      const answer = await act(id, action);
      if (answer.status !== 202) throw new Error(`${action}: ${answer.text}`);
      seen.set(String(answer.json['state']), answer.json as unknown as Seen);
      seen.set(last, await comesTo(id, last));
    };

    seen.set('upgrading', (await upgrade(id, slowly)).json as unknown as Seen);
    await watch('cancelupgrade', 'canceled-upgrade');
    await watch('rollback', 'active');
    await upgrade(id);
    seen.set('upgraded', await comesTo(id, 'upgraded'));
    await watch('finishupgrade', 'active');

    for (const [state, expected] of Object.entries(recorded.states)) {
      const service = seen.get(state);
      expect({ state, transitioning: service?.transitioning }).toEqual({
        state,
        transitioning: expected.transitioning,
      });
      const actions = Object.keys(service?.actions ?? {}).filter((action) => action !== 'restart');
      expect(actions.toSorted()).toEqual(expected.actions.toSorted());
    }
  });

  it('keeps the old containers stopped beside the new ones until the upgrade is finished', async () => {
    const id = place();

    await upgrade(id, { batchSize: 2, startFirst: true });
    await comesTo(id, 'upgraded');
    const upgraded = await images(id);
    await act(id, 'finishupgrade');
    const finished = await comesTo(id, 'active');

    expect(upgraded).toEqual([...Array(3).fill('sim:nginx:1 stopped'), ...Array(3).fill('sim:nginx:2 running')]);
    expect(await images(id)).toEqual(Array(3).fill('sim:nginx:2 running'));
    expect(Object.keys(finished.upgrade?.inServiceStrategy ?? {}).toSorted()).toEqual(
      Object.keys(recorded.strategy.inServiceStrategy).toSorted(),
    );
  });

  it('gives every upgrade a new version, and shows the new launch config at once but the strategy only later', async () => {
    const id = place();
    const before = await read(id);

    const answered = (await upgrade(id)).json as unknown as Seen;

    expect(answered.launchConfig).toMatchObject({ imageUuid: 'sim:nginx:2', memory: 67_108_864 });
    expect(answered.launchConfig['version']).not.toBe(before.launchConfig['version']);
    expect(answered.upgrade).toBeNull();
    const { upgrade: shown } = await comesTo(id, 'upgraded');
    expect(shown?.inServiceStrategy).toMatchObject({
      launchConfig: answered.launchConfig,
      previousLaunchConfig: before.launchConfig,
    });
  });

  it('goes back on rollback, from upgraded and while upgrading', async () => {
    for (const state of ['upgraded', 'upgrading']) {
      const id = place();
      const before = await read(id);
      await upgrade(id, state === 'upgrading' ? slowly : {});
      await comesTo(id, state);

      await act(id, 'rollback');
      const after = await comesTo(id, 'active');

      expect(after.launchConfig).toEqual(before.launchConfig);
      expect(await images(id)).toEqual(Array(3).fill('sim:nginx:1 running'));
      expect(after.upgrade?.inServiceStrategy['launchConfig']).toMatchObject({ imageUuid: 'sim:nginx:2' });
    }
  });

  it('refuses a second upgrade and an early finish while one is under way, but takes a scale', async () => {
    const id = place();
    await upgrade(id, slowly);

    const [again, finish] = [await upgrade(id), await act(id, 'finishupgrade')];
    const scaled = await call(path(id), { method: 'PUT', body: { scale: 5 } });

    for (const answer of [again, finish]) {
      expect(answer).toMatchObject({ status: 422, json: { code: 'ActionNotAvailable', fieldName: 'action' } });
    }
    expect(scaled).toMatchObject({ status: 200, json: { state: 'upgrading', scale: 5, currentScale: 3 } });
    await comesTo(id, 'upgraded');
    await act(id, 'finishupgrade');
    const finished = await comesTo(id, 'active');
    // Recording c_service_3s_after_finishupgrade_scale_during: five containers, and the old number goes on being shown.
    expect(finished).toMatchObject({ scale: 5, currentScale: 3 });
    expect(finished.instanceIds).toHaveLength(5);
    await call(path(id), { method: 'PUT', body: { scale: 5 } });
    expect(
      await until(
        () => read(id),
        ({ currentScale }) => currentScale === 5,
      ),
    ).toMatchObject({ scale: 5 });
  });

  it('replaces the whole launch config by a partial one', async () => {
    const id = place({ scale: 1 });

    const { launchConfig } = (await act(id, 'upgrade', recorded.partial.body)).json as unknown as Seen;

    expect({ ...launchConfig, version: '' }).toEqual({ ...recorded.partial.after, version: '' });
  });

  it('keeps every field of a launch config that is sent back raw, secrets and fields it does not know', async () => {
    const id = place({ scale: 1, launchConfig: { ...recorded.withSecrets.sent, drainTimeoutMs: 5_000 } });
    const { launchConfig } = await read(id);

    const answered = (await act(id, 'upgrade', { inServiceStrategy: { launchConfig } })).json as unknown as Seen;

    expect({ ...answered.launchConfig, version: '' }).toEqual({ ...launchConfig, version: '' });
  });

  it('adds a sidekick of an unknown name, and loses it again on rollback', async () => {
    const id = place({ scale: 1, secondaryLaunchConfigs: sidekicks });

    const answered = (await act(id, 'upgrade', recorded.unknownSidekick.body)).json as unknown as Seen;
    const upgraded = await comesTo(id, 'upgraded');
    await act(id, 'rollback');
    const after = await comesTo(id, 'active');

    expect(answered.secondaryLaunchConfigs.map(({ name }) => name)).toEqual(recorded.unknownSidekick.namesAfter);
    expect({ ...answered.secondaryLaunchConfigs[0], version: '' }).toEqual({
      ...recorded.unknownSidekick.added,
      version: '',
    });
    expect(upgraded.instanceIds).toHaveLength(4);
    expect(after.instanceIds).toHaveLength(3);
    expect(after.secondaryLaunchConfigs.map(({ name }) => name)).toEqual(['side1', 'side2']);
  });

  it('replaces only the containers of the sidekicks that were sent', async () => {
    const id = place({ scale: 1, secondaryLaunchConfigs: sidekicks });
    const { secondaryLaunchConfigs } = await read(id);

    await act(id, 'upgrade', {
      inServiceStrategy: {
        secondaryLaunchConfigs: [{ ...secondaryLaunchConfigs[0], imageUuid: 'sim:side:2' }],
        intervalMillis: 100,
      },
    });
    await comesTo(id, 'upgraded');

    expect(await images(id)).toEqual([
      'sim:nginx:1 running',
      'sim:side:1 running',
      'sim:side:1 stopped',
      'sim:side:2 running',
    ]);
  });

  it('starts an inactive service by upgrading it', async () => {
    const id = place({ scale: 1, state: 'inactive' });

    await upgrade(id);
    const upgraded = await comesTo(id, 'upgraded');
    await act(id, 'finishupgrade');

    expect(upgraded).toMatchObject({ currentScale: null });
    expect(upgraded.instanceIds).toHaveLength(1);
    expect(await comesTo(id, 'active')).toMatchObject({ state: 'active' });
  });

  it('goes on after a cancel', async () => {
    const id = place();
    await upgrade(id, slowly);
    await act(id, 'cancelupgrade');
    await comesTo(id, 'canceled-upgrade');

    await act(id, 'continueupgrade');

    expect((await comesTo(id, 'upgraded')).instanceIds).toHaveLength(6);
  });

  it('takes an upgrade back that was sent in the same moment', async () => {
    // So slow that nothing of the upgrade has happened yet.
    const slow = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 0.01 });
    const id = slow.addService({ projectId: '1a5', scale: 3, launchConfig: primary });
    const callSlow = callerOf(slow.url, slow.project.keys.project);
    const launchConfig = { ...primary, imageUuid: 'sim:nginx:2' };
    await callSlow(`${path(id)}?action=upgrade`, { method: 'POST', body: { inServiceStrategy: { launchConfig } } });

    const answer = await callSlow(`${path(id)}?action=rollback`, { method: 'POST', body: {} });
    await slow.close();

    expect(answer).toMatchObject({ status: 202, json: { state: 'rolling-back', launchConfig: primary } });
  });

  it('lets no reader upgrade', async () => {
    const reader = callerOf(sandbox.url, sandbox.project.keys.readonly);

    const answer = await reader(`${path(place())}?action=upgrade`, { method: 'POST', body: {} });

    expect(answer).toMatchObject({ status: 422, json: { code: 'InvalidAction' } });
  });
});
