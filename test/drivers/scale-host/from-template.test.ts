import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { suppliedSecrets } from '../../../src/drivers/scale-host/supplied-secrets.ts';
import { startBench } from '../../support/executions-under-test.ts';
import type { Bench, Replica } from '../../support/executions-under-test.ts';
import { scaleHost } from '../../../src/drivers/scale-host.ts';
import { driverConfig, hostsOf, projectId, settings, tier, trigger } from '../support/host-triggers.ts';

describe('drivers/scale-host: from a template', () => {
  let bench: Bench;
  let replica: Replica;
  const addMachine = (hostname: string, more: Readonly<Record<string, unknown>> = {}): string =>
    bench.sandbox.addMachine({ projectId, hostname, labels: tier, config: driverConfig, ...more });

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    replica = await bench.addReplica();
  });
  afterEach(() => bench.close());

  const values = { aliyunecsConfig: { region: 'cn-hangzhou' } };
  const secretValues = { aliyunecsConfig: { accessKeyId: 'a', accessKeySecret: 'b' } };

  it('scales from zero, and the new host carries the labels of the selector', async () => {
    const hostTemplateId = bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values });

    const execution = await trigger(replica, {
      hostTemplateId,
      hostSelector: tier,
      host: { labels: { zone: 'b' }, engineStorageDriver: 'overlay2' },
    });

    expect(execution).toMatchObject({ outcome: 'scaled', from: 0, to: 1 });
    expect(hostsOf(bench.sandbox)).toMatchObject([
      { hostname: 'scaledhost1', hostTemplateId, labels: { tier: 'web', zone: 'b' }, engineStorageDriver: 'overlay2' },
    ]);
  });

  it('gives the hosts of an old receiver, which has only a template, a label of its own', async () => {
    const hostTemplateId = bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values });
    addMachine('pool-7', { hostTemplateId, labels: {}, config: undefined });

    expect(await trigger(replica, { hostTemplateId })).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });
    expect(hostsOf(bench.sandbox)[1]).toMatchObject({
      hostname: 'pool-8',
      labels: { 'receiver-hooks.pool': hostTemplateId },
    });
  });

  it('keeps its members when the template is replaced', async () => {
    const old = bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values });
    await trigger(replica, { hostTemplateId: old, hostSelector: tier });
    const hostTemplateId = bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values });

    expect(await trigger(replica, { hostTemplateId, hostSelector: tier })).toMatchObject({ from: 1, to: 2 });
  });

  it('does not clone in clear what a template of the driver supplies', async () => {
    addMachine('web-1');
    bench.sandbox.addHostTemplate({
      projectId,
      driver: 'aliyunecs',
      publicValues: values,
      secretValues,
    });

    await trigger(replica);

    const [, clone] = hostsOf(bench.sandbox);
    expect(clone?.['aliyunecsConfig']).not.toHaveProperty('accessKeySecret');
    expect(clone?.['aliyunecsConfig']).toMatchObject({ region: 'cn-beijing' });
  });

  it('costs two list reads a round, also where the base has a config whose secrets a template supplies', async () => {
    addMachine('web-1');
    bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values, secretValues });
    await trigger(replica);
    bench.sandbox.calls.clear();

    await trigger(replica);

    const lists = bench.sandbox.calls.list().flatMap(({ path }) => /(\w+)\?limit=/.exec(path)?.[1] ?? []);
    expect(lists.toSorted()).toEqual(['externalhostevents', 'hosts']);
    expect(hostsOf(bench.sandbox)[2]?.['aliyunecsConfig']).not.toHaveProperty('accessKeySecret');
  });

  it('clones the secret again as soon as the template that supplied it is removed', async () => {
    addMachine('web-1');
    const id = bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values, secretValues });
    await trigger(replica);
    await bench.connect().collection('hostTemplates').remove(id);

    await trigger(replica);

    expect(hostsOf(bench.sandbox)[2]?.['aliyunecsConfig']).toMatchObject({ accessKeySecret: 'driver-secret' });
  });

  it('clones the secret where two templates of the driver might supply it, and notices the second within a minute', async () => {
    bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values, secretValues });
    const creator = await bench.connect().findHostCreator();
    if (creator === undefined) throw new Error('the project key may create hosts');
    const supplied = (nowMs: number) => suppliedSecrets(creator, 'aliyunecs', {}, nowMs);
    expect(await supplied(0)).toEqual(new Set(['accessKeyId', 'accessKeySecret']));
    bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values, secretValues });

    expect(await supplied(59_999)).toEqual(new Set(['accessKeyId', 'accessKeySecret']));
    expect(await supplied(60_000)).toEqual(new Set());
  });

  it('clones no host whose own template is removed, though Rancher would make hosts from it', async () => {
    const id = bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values });
    addMachine('web-1', { hostTemplateId: id, config: undefined });
    expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });
    const rancher = bench.connect();
    await rancher.collection('hostTemplates').remove(id);

    expect(await trigger(replica)).toMatchObject({
      outcome: 'failed',
      code: 'TARGET_NOT_FOUND',
      applied: 'no',
      message: expect.stringContaining(`web-3 was not made: host template ${id} is removed`) as unknown,
    });
    await expect(scaleHost.check(settings(), rancher)).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
    expect(hostsOf(bench.sandbox)).toHaveLength(2);
  });

  it('refuses a removed template and one of another environment, though Rancher takes the first', async () => {
    const foreign = bench.sandbox.addHostTemplate({ projectId: '1a7', driver: 'aliyunecs', publicValues: values });
    const removed = bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: values });
    await bench.connect().collection('hostTemplates').remove(removed);

    for (const hostTemplateId of [foreign, removed])
      expect(await trigger(replica, { hostTemplateId, hostSelector: tier })).toMatchObject({
        outcome: 'failed',
        code: 'TARGET_NOT_FOUND',
        applied: 'no',
      });
    expect(hostsOf(bench.sandbox)).toEqual([]);
  });
});
