import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf, until } from './caller.ts';
import type { Caller } from './caller.ts';
import { fixture } from './recordings.ts';

interface Seen {
  readonly state: string;
  readonly transitioning: string;
  readonly transitioningMessage: string | null;
  readonly scale: number;
  readonly currentScale: number | null;
  readonly instanceIds: readonly string[] | null;
  readonly healthState: string;
}

interface RecordedScaling {
  readonly recording: string;
  readonly from: number;
  readonly body: { readonly scale: number };
  readonly answer: object;
  readonly settledMs: number;
  readonly currentScales: readonly number[];
  readonly settled: Partial<Seen> & { readonly instances: number; readonly actions: readonly string[] };
}

const scalings = fixture('scalings') as { readonly cases: readonly RecordedScaling[] };
const speed = 20;
const sidekicks = [{ name: 'one' }, { name: 'two' }];
const placed: Readonly<Record<string, object>> = {
  b_loadbalancer_service_put_scale: { type: 'loadBalancerService' },
  b_sidekick_service_scale_1_to_3: { secondaryLaunchConfigs: sidekicks },
  b_global_service_put_scale: {
    scale: 1,
    launchConfig: { imageUuid: 'x', labels: { 'io.rancher.scheduler.global': 'true' } },
  },
  b_selector_only_service_put_scale: { scale: 1, launchConfig: { imageUuid: 'docker:rancher/none' } },
  b_scale_policy_service_put_scale: { scale: 1, scalePolicy: { min: 1, max: 2, increment: 1 } },
};

describe('sandbox/services/scaling', () => {
  let sandbox: Sandbox;
  let call: Caller;
  const path = (id: string): string => `/v2-beta/projects/1a5/services/${id}`;
  const read = async (id: string): Promise<Seen> => (await call(path(id))).json as unknown as Seen;
  const put = (id: string, scale: number) => call(path(id), { method: 'PUT', body: { scale } });
  const settled = (id: string): Promise<Seen> =>
    until(
      () => read(id),
      ({ state }) => state === 'active',
    );

  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed });
    call = callerOf(sandbox.url, sandbox.project.keys.project);
    sandbox.addHost({ projectId: '1a5' });
  });
  afterAll(() => sandbox.close());

  it.each(scalings.cases)('goes the recorded way: $recording', async (recorded) => {
    const id = sandbox.addService({
      projectId: '1a5',
      name: recorded.recording.replaceAll('_', '-'),
      scale: recorded.from,
      ...placed[recorded.recording],
    });
    const startedMs = performance.now();

    const answer = await put(id, recorded.body.scale);
    const seen: (number | null)[] = [];
    const last = await until(
      async () => {
        const now = await read(id);
        if (seen.at(-1) !== now.currentScale) seen.push(now.currentScale);
        return now;
      },
      ({ state }) => state === 'active',
    );

    const { instances, actions, ...state } = recorded.settled;
    expect(answer.json).toMatchObject(recorded.answer);
    expect(seen).toEqual(recorded.currentScales);
    expect(last).toMatchObject(state);
    expect(last.instanceIds?.length ?? 0).toBe(instances);
    expect(actions).toEqual(expect.arrayContaining(Object.keys((await call(path(id))).json['actions'] as object)));
    expect((performance.now() - startedMs) * speed).toBeGreaterThan(recorded.settledMs / 4);
  });

  it('lets the newest of two PUTs win while the first is still carried out', async () => {
    const id = sandbox.addService({ projectId: '1a5', name: 'newest', scale: 2 });

    await put(id, 6);
    await until(
      () => read(id),
      ({ instanceIds }) => (instanceIds?.length ?? 0) > 2,
    );
    const second = await put(id, 3);
    const last = await settled(id);

    expect(second).toMatchObject({ status: 200, json: { state: 'updating-active', scale: 3, currentScale: 2 } });
    expect(last).toMatchObject({ scale: 3, currentScale: 3 });
    expect(last.instanceIds).toHaveLength(3);
  });

  it('never settles a service that finds no place, shows an error that is not final, and settles when scaled down', async () => {
    const id = sandbox.addService({
      projectId: '1a5',
      name: 'hardlimit',
      launchConfig: {
        imageUuid: 'x',
        labels: {
          'io.rancher.scheduler.affinity:container_label_ne': 'io.rancher.stack_service.name=default/hardlimit',
        },
      },
    });

    await put(id, 4);
    const stuck = await until(
      () => read(id),
      ({ transitioning }) => transitioning === 'error',
    );
    const again = await until(
      () => read(id),
      ({ transitioning }) => transitioning === 'yes',
    );
    await put(id, 2);
    const last = await settled(id);

    expect(stuck).toMatchObject({ state: 'updating-active', scale: 4, currentScale: 1, healthState: 'degraded' });
    expect(stuck.transitioningMessage).toContain(
      'host must not have a container with label io.rancher.stack_service.name=default/hardlimit',
    );
    expect(again.state).toBe('updating-active');
    expect(last).toMatchObject({ scale: 2, currentScale: 2, healthState: 'healthy' });
  });

  it('activates a stuck service when a fitting host comes', async () => {
    const id = sandbox.addService({
      projectId: '1a5',
      name: 'unsched',
      state: 'inactive',
      launchConfig: { imageUuid: 'x', labels: { 'io.rancher.scheduler.affinity:host_label': 'pool=gpu' } },
    });

    await call(`${path(id)}?action=activate`, { method: 'POST', body: {} });
    const stuck = await until(
      () => read(id),
      ({ transitioning }) => transitioning === 'error',
    );
    sandbox.addHost({ projectId: '1a5', labels: { pool: 'gpu' } });
    const last = await settled(id);

    expect(stuck).toMatchObject({ state: 'activating', currentScale: null });
    expect(stuck.transitioningMessage).toContain('needs host with label pool: gpu');
    expect(last).toMatchObject({ currentScale: 1, healthState: 'healthy' });
  });

  it('takes a service from create to removal and refuses what its state does not offer', async () => {
    const stack = await call('/v2-beta/projects/1a5/stacks', { method: 'POST', body: { name: 'life' } });
    const created = await call('/v2-beta/projects/1a5/services', {
      method: 'POST',
      body: {
        name: 'webapp',
        stackId: stack.json['id'],
        scale: 2,
        startOnCreate: true,
        launchConfig: { imageUuid: 'docker:nginx' },
      },
    });
    const id = String(created.json['id']);
    expect(created).toMatchObject({ status: 201, json: { state: 'registering', currentScale: null, scale: 2 } });
    await expect(settled(id)).resolves.toMatchObject({ currentScale: 2 });

    const action = (name: string) => call(`${path(id)}?action=${name}`, { method: 'POST', body: {} });
    await expect(action('activate')).resolves.toMatchObject({ status: 422, json: { code: 'ActionNotAvailable' } });
    await expect(action('deactivate')).resolves.toMatchObject({ status: 202, json: { state: 'deactivating' } });
    await until(
      () => read(id),
      ({ state }) => state === 'inactive',
    );
    await expect(put(id, 3)).resolves.toMatchObject({
      status: 200,
      json: { state: 'updating-inactive', currentScale: 2, scale: 3 },
    });
    await until(
      () => read(id),
      ({ state }) => state === 'inactive',
    );
    await expect(call(path(id), { method: 'DELETE' })).resolves.toMatchObject({
      status: 200,
      json: { state: 'removing' },
    });
    const removed = await until(
      () => read(id),
      ({ state }) => state === 'removed',
    );

    expect(removed).toMatchObject({ instanceIds: null, transitioning: 'no' });
    await expect(put(id, 1)).resolves.toMatchObject({ status: 409, json: { code: 'Conflict', message: 'Conflict' } });
    await expect(call(`${path(id)}?action=activate`, { method: 'POST', body: {} })).resolves.toMatchObject({
      status: 422,
    });
    await expect(call('/v2-beta/projects/1a5/services?name=webapp')).resolves.toMatchObject({ json: { data: [] } });
  });

  it('removes the services of a stack with the stack', async () => {
    const stack = await call('/v2-beta/projects/1a5/stacks', { method: 'POST', body: { name: 'whole' } });
    const stackId = String(stack.json['id']);
    const id = sandbox.addService({ projectId: '1a5', stackId, name: 'inside' });

    await until(
      async () => (await call(`/v2-beta/projects/1a5/stacks/${stackId}`)).json,
      ({ state }) => state === 'active',
    );
    const answer = await call(`/v2-beta/projects/1a5/stacks/${stackId}`, { method: 'DELETE' });
    await until(
      async () => (await call(`/v2-beta/projects/1a5/stacks/${stackId}`)).json,
      ({ state }) => state === 'removed',
    );

    expect(answer.json).toMatchObject({ state: 'removing', serviceIds: [id] });
    expect(await read(id)).toMatchObject({ state: 'removed' });
  });

  it('answers 409 to one of two PUTs that meet, and to three of four', async () => {
    const slow = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 25, speed });
    try {
      const id = slow.addService({ projectId: '1a5', scale: 5 });
      const racer = callerOf(slow.url, slow.project.keys.project);
      const race = async (count: number): Promise<number[]> => {
        const answers = await Promise.all(
          Array.from({ length: count }, () => racer(path(id), { method: 'PUT', body: { scale: 6 } })),
        );
        return answers.map(({ status }) => status).sort((left, right) => left - right);
      };

      expect(await race(2)).toEqual([200, 409]);
      expect(await race(4)).toEqual([200, 409, 409, 409]);
      expect(slow.inspect(id)).toMatchObject({ scale: 6 });
    } finally {
      await slow.close();
    }
  });

  it('answers 409 without effect to the asked share of sequential PUTs', async () => {
    const contended = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed, conflictRate: 0.1 });
    try {
      const id = contended.addService({ projectId: '1a5', scale: 0 });
      const member = callerOf(contended.url, contended.project.keys.member);
      let conflicts = 0;
      for (let scale = 1; scale <= 40; scale += 1) {
        const before = contended.inspect(id)?.['scale'];
        const { status } = await member(path(id), { method: 'PUT', body: { scale } });
        if (status === 409) conflicts += 1;
        expect(contended.inspect(id)?.['scale']).toBe(status === 409 ? before : scale);
      }

      expect(conflicts).toBe(4);
    } finally {
      await contended.close();
    }
  });
});
