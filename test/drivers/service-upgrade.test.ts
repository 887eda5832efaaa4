import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Signal } from '../../src/domain/signal.ts';
import type { AnyDriver } from '../../src/drivers/driver.ts';
import { serviceUpgrade } from '../../src/drivers/service-upgrade.ts';
import type { Submission, Submitted } from '../../src/executions/submission.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { startBench, type Bench, type Replica } from '../support/executions-under-test.ts';

type Fields = Readonly<Record<string, unknown>>;

const upgrader = new Map<string, AnyDriver>([['serviceUpgrade', serviceUpgrade]]);
const config = (fields: Fields = {}): unknown =>
  serviceUpgrade.Config.parse({
    serviceSelector: { app: 'web' },
    tag: 'v2',
    batchSize: 1,
    intervalMillis: 1,
    ...fields,
  });
const pushed = (tag = 'v2', repository = 'acme/web'): Signal => ({
  says: 'fire',
  reason: `pushed ${repository}:${tag}`,
  image: { repository, tag },
});

const submission = (signal: Signal, fields: Fields = {}): Submission => ({
  projectId: '1a5',
  receiverId: '1go1',
  receiverName: 'deploy',
  driver: 'serviceUpgrade',
  config: config(fields),
  format: 'dockerhub',
  signal,
  repeatAfterSeconds: 0,
  idempotencyKey: undefined,
  body: new Uint8Array(),
  wait: 'applied',
});

describe('drivers/service-upgrade', () => {
  let bench: Bench;
  let replica: Replica;
  const push = (signal: Signal, fields: Fields = {}, extra: Partial<Submission> = {}): Promise<Submitted> =>
    replica.executions.submit({ ...submission(signal, fields), ...extra });
  const ended = async (signal: Signal, fields: Fields = {}) => replica.ended((await push(signal, fields)).execution.id);
  const place = (fields: Fields = {}): string =>
    bench.sandbox.addService({
      projectId: '1a5',
      launchConfig: { imageUuid: 'docker:acme/web:v1', labels: { app: 'web' } },
      ...fields,
    });
  const service = (id: string): Fields => bench.sandbox.inspect(id) as Fields;
  const launchConfig = (id: string): Fields => service(id)['launchConfig'] as Fields;
  const image = (id: string): unknown => launchConfig(id)['imageUuid'];
  const byHand = (id: string, action: string, body: object = {}) => bench.connect().services.action(id, action, body);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    replica = await bench.addReplica({ drivers: upgrader });
  });
  afterEach(() => bench.close());

  it('answers once Rancher has accepted, finishes the upgrade, and says what happened', async () => {
    const id = place({ name: 'web', scale: 2 });

    const { execution } = await push(pushed());
    const end = await replica.ended(execution.id);

    expect(execution).toMatchObject({ state: 'under-way', items: [{ message: 'upgrading web to acme/web:v2' }] });
    expect(end).toMatchObject({ outcome: 'scaled', items: [{ message: 'upgraded web to acme/web:v2' }] });
    expect(service(id)).toMatchObject({ state: 'active', launchConfig: { imageUuid: 'docker:acme/web:v2' } });
    expect(launchConfig(id)['labels']).toEqual({
      app: 'web',
      'io.rancher.container.pull_image': 'always',
      'receiver-hooks.change': `${execution.id}.0`,
    });
  });

  it('sends back every field it read, also those it does not know (rancher#8714, #11588, facts §0.5 no. 12)', async () => {
    const before = {
      imageUuid: 'docker:acme/web:v1',
      labels: { app: 'web' },
      secrets: [{ type: 'secretReference', secretId: '1se1', name: 's1', uid: '0', gid: '0', mode: '0400' }],
      drainTimeoutMs: 5_000,
      environment: { A: '1' },
      fieldOfTomorrow: { deep: [1, null] },
    };
    const id = place({ launchConfig: before });

    await ended(pushed());

    const { version: _version, labels: _labels, ...after } = launchConfig(id);
    const { labels: _before, ...kept } = before;
    expect(after).toMatchObject({ ...kept, imageUuid: 'docker:acme/web:v2' });
  });

  it('leaves a service alone that runs another repository (rancher#8463, facts §0.5 no. 3)', async () => {
    const id = place();

    const { execution } = await push(pushed('v2', 'evil/other'));

    expect(execution).toMatchObject({ outcome: 'ignored', message: expect.stringContaining('none runs this image') });
    expect(image(id)).toBe('docker:acme/web:v1');
    expect(bench.sandbox.calls.list().filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('replaces any image where the receiver opts out of the comparison', async () => {
    const id = place();

    await ended(pushed('v2', 'acme/renamed'), { matchImage: false });

    expect(image(id)).toBe('docker:acme/renamed:v2');
  });

  it.each([
    [
      'no service has all labels',
      { serviceSelector: { app: 'web', tier: 'none' } },
      pushed(),
      'none has all the labels',
    ],
    ['the tag is another', {}, pushed('v3'), 'waits for the tag v2 (exact)'],
    [
      'the tag is outside the range',
      { tag: '^1.0', tagMatch: 'semver' },
      pushed('2.0.0'),
      'waits for the tag ^1.0 (semver)',
    ],
  ])('ignores a push and says why when %s', async (_case, fields, signal, reason) => {
    place();

    const { execution } = await push(signal, fields);

    expect(execution).toMatchObject({ state: 'finished', outcome: 'ignored' });
    expect(execution.message).toContain(reason);
  });

  it('finds services past the first hundred (rancher#10258, facts §0.5 no. 11)', async () => {
    for (let count = 0; count < 120; count += 1) {
      place({ name: `other-${String(count)}`, launchConfig: { imageUuid: 'docker:x:1' }, scale: 0 });
    }
    const id = place({ name: 'last' });

    await ended(pushed());

    expect(image(id)).toBe('docker:acme/web:v2');
  });

  it('survives services without launch config or with labels that are no texts (facts §0.5 no. 10)', async () => {
    place({ name: 'dns', type: 'dnsService', launchConfig: {} });
    place({ name: 'odd', launchConfig: { imageUuid: 'docker:acme/web:v1', labels: { app: { not: 'a text' }, n: 7 } } });
    place({ name: 'bare', launchConfig: { imageUuid: 'docker:acme/web:v1', labels: null } });
    const id = place({ name: 'web' });

    const end = await ended(pushed());

    expect(end.items).toHaveLength(1);
    expect(image(id)).toBe('docker:acme/web:v2');
  });

  it('upgrades several services at once without mixing them up (rancher#10524)', async () => {
    const ids = ['one', 'two', 'three'].map((name) =>
      place({ name, launchConfig: { imageUuid: 'docker:acme/web:v1', labels: { app: 'web' }, command: [name] } }),
    );

    const end = await ended(pushed());

    expect(end).toMatchObject({ outcome: 'scaled', message: '3 scaled' });
    expect(ids.map((id) => [launchConfig(id)['command'], image(id)])).toEqual(
      ['one', 'two', 'three'].map((name) => [[name], 'docker:acme/web:v2']),
    );
  });

  it('costs one list for a push, and one action for each service, however many match, fifty calls at once at most', async () => {
    // On a busy machine fifty calls at once may take a while, and one that is given up is sent again.
    replica = await bench.addReplica({ drivers: upgrader, timing: { rancherTimeoutMs: 10_000, leaseMs: 25_000 } });
    Object.assign(bench.sandbox.latency, { readMs: 5, writeMs: 5 });
    for (let count = 0; count < 100; count += 1) place({ name: `web-${String(count)}`, scale: 0 });

    const end = await ended(pushed());

    const calls = bench.sandbox.calls.list();
    const count = (method: string, path: RegExp): number =>
      calls.filter((call) => call.method === method && path.test(call.path)).length;
    expect(end).toMatchObject({ outcome: 'scaled', message: '100 scaled' });
    expect(count('GET', /services\?/)).toBe(1);
    expect(count('POST', /action=upgrade/)).toBe(100);
    expect(count('POST', /action=finishupgrade/)).toBe(100);
    expect(bench.sandbox.calls.mostAtOnce()).toBeGreaterThan(10);
    expect(bench.sandbox.calls.mostAtOnce()).toBeLessThanOrEqual(50);
  });

  it('upgrades only those sidekicks whose labels match, and keeps names and order', async () => {
    const id = place({
      launchConfig: { imageUuid: 'docker:acme/db:v1', labels: { app: 'db' } },
      secondaryLaunchConfigs: [
        { name: 'side1', imageUuid: 'docker:acme/web:v1', labels: { APP: 'Web' } },
        { name: 'side2', imageUuid: 'docker:acme/web:v1', labels: { app: 'other' } },
      ],
    });

    const end = await ended(pushed());

    expect(end.items[0]?.message).toMatch(/^upgraded side1 of service-\d+ to acme\/web:v2$/);
    expect(image(id)).toBe('docker:acme/db:v1');
    expect(service(id)['secondaryLaunchConfigs']).toMatchObject([
      { name: 'side1', imageUuid: 'docker:acme/web:v2' },
      { name: 'side2', imageUuid: 'docker:acme/web:v1' },
    ]);
  });

  it('sends batch size, interval in milliseconds and order (rancher#9022)', async () => {
    const id = place();

    await ended(pushed(), { batchSize: 3, intervalMillis: 2, startFirst: true });

    const { inServiceStrategy } = service(id)['upgrade'] as { inServiceStrategy: Fields };
    expect(inServiceStrategy).toMatchObject({ batchSize: 3, intervalMillis: 2_000, startFirst: true });
  });

  it.each([
    [{ addressType: 'registry-vpc' }, 'docker:registry-vpc.cn-hangzhou.aliyuncs.com/acme/web:v2'],
    [
      { registry: 'acme-registry.cn-hangzhou.cr.aliyuncs.com' },
      'docker:acme-registry.cn-hangzhou.cr.aliyuncs.com/acme/web:v2',
    ],
    [{}, 'docker:registry.cn-hangzhou.aliyuncs.com/acme/web:v2'],
  ])('runs the image from the address that the hosts reach: %j (rancher#9175)', async (fields, expected) => {
    const id = place();
    const signal = {
      ...pushed(),
      image: { registry: 'registry.cn-hangzhou.aliyuncs.com', repository: 'acme/web', tag: 'v2' },
    };

    await ended(signal, fields);

    expect(image(id)).toBe(expected);
  });

  it('waits while a service is upgraded and then applies only the newest push (rancher#5127)', async () => {
    const id = place({ scale: 2 });
    const any = { tag: 'v*', tagMatch: 'glob' };

    const first = await push(pushed('v2'), any);
    const waiting = await Promise.all(
      ['v3', 'v4', 'v5'].map((tag) => push(pushed(tag), any, { wait: 'respond-async' })),
    );
    const ends = await Promise.all([first, ...waiting].map(({ execution }) => replica.ended(execution.id)));

    expect(ends.map(({ outcome }) => outcome)).toEqual(['scaled', 'unchanged', 'unchanged', 'scaled']);
    expect(ends[1]?.message).toMatch(/^a newer push takes its place: acme\/web:v[45]$/);
    expect(image(id)).toBe('docker:acme/web:v5');
    const upgrades = bench.sandbox.calls.list().filter(({ path }) => path.includes('action=upgrade'));
    expect(upgrades).toHaveLength(2);
  });

  it('waits for an upgrade that somebody else began, and neither finishes nor rolls that one back', async () => {
    const id = place();
    await byHand(id, 'upgrade', {
      inServiceStrategy: { launchConfig: { ...launchConfig(id), memory: 1 }, intervalMillis: 100 },
    });

    const { execution } = await push(pushed(), {}, { wait: 'respond-async' });
    await until(() => service(id)['state'] === 'upgraded');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(service(id)['state']).toBe('upgraded');
    await byHand(id, 'finishupgrade');
    const end = await replica.ended(execution.id);

    expect(end).toMatchObject({ outcome: 'scaled' });
    expect(launchConfig(id)).toMatchObject({ imageUuid: 'docker:acme/web:v2', memory: 1 });
  });

  it('is superseded by a rollback by hand, and does not upgrade again', async () => {
    const id = place({ scale: 3 });

    const { execution } = await push(pushed(), { intervalMillis: 30 });
    await byHand(id, 'rollback');
    const end = await replica.ended(execution.id);

    expect(end).toMatchObject({ outcome: 'superseded', message: expect.stringContaining('somebody rolled') });
    expect(image(id)).toBe('docker:acme/web:v1');
  });

  it('is superseded when somebody cancels, because what to do then is theirs to say', async () => {
    const id = place({ scale: 3 });

    const { execution } = await push(pushed(), { intervalMillis: 30 });
    await byHand(id, 'cancelupgrade');

    expect(await replica.ended(execution.id)).toMatchObject({
      outcome: 'superseded',
      message: expect.stringContaining('somebody cancelled'),
    });
  });

  it.each<Fault>([
    { kind: 'reset', when: 'before-acting' },
    { kind: 'reset', when: 'after-acting' },
    { kind: 'late', afterMs: 100 },
    { kind: 'status', status: 500, when: 'after-acting' },
    { kind: 'status', status: 502, when: 'before-acting' },
    { kind: 'conflict' },
  ])('upgrades exactly once when the request meets with %j', async (fault) => {
    const id = place();
    bench.sandbox.faults.add({ method: 'POST', path: /action=upgrade/, fault });

    const end = await ended(pushed());

    expect(end).toMatchObject({ outcome: 'scaled' });
    expect(service(id)).toMatchObject({ state: 'active', launchConfig: { imageUuid: 'docker:acme/web:v2' } });
    // One container before, one after: its number counts how often it was replaced.
    expect(service(id)['instanceIds']).toHaveLength(1);
  });

  it('goes on after a restart with an upgrade that was under way', async () => {
    const id = place({ scale: 2 });
    const file = `${bench.directory}/kept.sqlite`;
    const before = await bench.addReplica({ drivers: upgrader, file });
    const { execution } = await before.executions.submit({ ...submission(pushed()), wait: 'applied' });
    await before.close();

    const after = await bench.addReplica({ drivers: upgrader, file });

    expect(await after.ended(execution.id)).toMatchObject({ outcome: 'scaled' });
    expect(service(id)).toMatchObject({ state: 'active', launchConfig: { imageUuid: 'docker:acme/web:v2' } });
  });

  it('fails for a service that was deleted while the push waited', async () => {
    const id = place();
    await byHand(id, 'upgrade', { inServiceStrategy: { launchConfig: launchConfig(id), intervalMillis: 100 } });
    const { execution } = await push(pushed(), {}, { wait: 'respond-async' });

    await bench.connect().services.remove(id);

    expect(await replica.ended(execution.id)).toMatchObject({
      outcome: 'failed',
      code: 'TARGET_NOT_FOUND',
      applied: 'no',
    });
  });

  it('says in a dry run which services a push would upgrade', async () => {
    place({ name: 'web' });

    const previews = await replica.executions.preview({
      projectId: '1a5',
      driver: 'serviceUpgrade',
      config: config(),
      signal: { says: 'fire', reason: 'dry run' },
    });

    expect(previews).toMatchObject([
      { outcome: 'unchanged', message: 'a push of a tag that matches would upgrade web' },
    ]);
  });
});
