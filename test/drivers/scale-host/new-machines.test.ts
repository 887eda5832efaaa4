import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { scaleHost } from '../../../src/drivers/scale-host.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import { startBench, type Bench } from '../../support/executions-under-test.ts';
import { driverConfig, hostsOf, projectId, settings, tier } from '../support/host-triggers.ts';

// For a moment Rancher shows a new machine without its driver (recording f_host_create_machine_progress_sequence).
describe('drivers/scale-host: a machine that was asked for a moment ago', () => {
  let bench: Bench;
  let rancher: Rancher;

  beforeEach(async () => {
    // So slow that the moment does not pass.
    bench = await startBench({ speed: 0.001, readLatencyMs: 0, writeLatencyMs: 0 });
    rancher = bench.connect();
  });
  afterEach(() => bench.close());

  const plan = async (differing: object) => {
    const signal = { says: 'fire', reason: 'called' } as const;
    const snapshot = await scaleHost.read(`${projectId}/hosts`, rancher, {});
    return scaleHost.plan([{ itemId: 'item', config: settings({ ...differing }), signal }], snapshot, {});
  };
  const addTemplate = () => bench.sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', publicValues: {} });

  it.each([
    ['a config', () => ({ aliyunecsConfig: driverConfig })],
    ['a template', () => ({ hostTemplateId: addTemplate() })],
  ])('made from %s is no custom host: it is the newest, and goes first', async (_what, source) => {
    bench.sandbox.addMachine({ projectId, hostname: 'web-1', labels: tier, config: driverConfig });
    await rancher.hosts.create({ hostname: 'web-2', labels: tier, ...source() });
    expect(hostsOf(bench.sandbox)[1]).toMatchObject({ state: 'registering', driver: null });

    expect((await plan({ action: 'down' })).change?.remove).toMatchObject([{ hostname: 'web-2' }]);
  });

  it.each([
    ['a config', () => ({ aliyunecsConfig: driverConfig })],
    ['a template', () => ({ hostTemplateId: addTemplate() })],
  ])('made from %s is cloned, when it is all there is', async (_what, source) => {
    await rancher.hosts.create({ hostname: 'web-1', labels: tier, ...source() });
    const { change } = await plan({});
    if (change === undefined) throw new Error('nothing was planned');

    const context = { rancher, read: {}, write: {}, ageMs: 0, lateWriteMs: 60_000 };
    const progress = await scaleHost.converge(change, { ...context, sendState: 'fresh' });

    expect(progress).toMatchObject({ kind: 'later' });
    expect(hostsOf(bench.sandbox).map(({ hostname }) => hostname)).toEqual(['web-1', 'web-2']);
  });
});
