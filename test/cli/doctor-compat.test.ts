import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { runCli } from './support/run-cli.ts';

const bounds = { action: 'up', amount: 1, min: 1, max: 3 };
const upgrade = { type: 'serviceUpgrade', tag: 'v1', batchSize: 1, intervalMillis: 2, startFirst: false };

describe('cli/doctor/compat', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0 });
  });
  afterEach(() => sandbox.close());

  const store = (name: string, driver: string, config: unknown): string =>
    sandbox.addGenericObject({
      projectId: '1a5',
      name,
      key: name,
      kind: 'webhookReceiver',
      resourceData: { url: '', driver, config },
    });
  const examine = async (more: Record<string, string> = {}) => {
    const { accessKey, secretKey } = sandbox.project.keys.project;
    const environment = {
      CATTLE_URL: sandbox.url,
      CATTLE_ACCESS_KEY: accessKey,
      CATTLE_SECRET_KEY: secretKey,
      ...more,
    };
    const { exitCode, out } = await runCli(['doctor', '--compat', '--json'], { environment });
    const findings = JSON.parse(out) as Finding[];
    return {
      exitCode,
      findings,
      of: (name: string) =>
        findings.filter(({ check }) => check.startsWith(`receiver ${name} `)).map(({ message }) => message),
    };
  };

  it('says nothing of receivers that act alike, and how many they are', async () => {
    const serviceId = sandbox.addService({ projectId: '1a5' });
    store('alike', 'scaleService', { type: 'scaleService', serviceId, ...bounds });

    const { exitCode, findings, of } = await examine();

    expect(of('alike')).toEqual([]);
    expect(findings.at(-1)).toMatchObject({ state: 'ok', message: '1 of 1 act alike' });
    expect(exitCode).toBe(0);
  });

  it('tells the old effect and the new one of each receiver that does not', async () => {
    const policy = sandbox.addService({ projectId: '1a5', name: 'auto', scalePolicy: { min: 1, max: 3 } });
    sandbox.addService({
      projectId: '1a5',
      name: 'web',
      launchConfig: { imageUuid: 'docker:acme/web:v0', labels: { app: 'web' } },
    });
    store('policy', 'scaleService', { serviceId: policy, ...bounds });
    store('push', 'serviceUpgrade', { ...upgrade, serviceSelector: { app: 'web' } });
    store('everything', 'serviceUpgrade', { ...upgrade, serviceSelector: {} });
    store('hosts', 'scaleHost', { ...bounds, hostSelector: { a: '1', b: '2' } });
    store('foreign', 'forwardPost', { projectId: '1a7', serviceName: 'x', port: '80', path: '/' });
    store('odd', 'nosuch', 'no object');

    const { of } = await examine();

    expect(of('policy')).toEqual([
      expect.stringContaining('answers 200 and Rancher changes nothing; here: answers an error'),
    ]);
    expect(of('push')).toEqual([
      'the old service: a push of any image with the tag v1 replaces what runs in web; here: only pushes of the image that runs there already count (acme/web)',
    ]);
    expect(of('everything')).toEqual([
      expect.stringMatching(/ends the whole service.*; here: .*Service selectors not provided/),
    ]);
    expect(of('hosts')[0]).toContain('of its 2 labels one, chosen at random');
    expect(of('foreign')).toHaveLength(2);
    expect(of('odd')).toEqual([expect.stringContaining('lists it with state error')]);
  });

  it('tells of the defaults that hold for what the old service stored, and only where they do', async () => {
    const serviceId = sandbox.addService({ projectId: '1a5' });
    store('cooling', 'scaleService', { serviceId, ...bounds });
    store('own', 'scaleService', { serviceId, ...bounds, cooldownSeconds: 0 });
    store('push', 'serviceUpgrade', { ...upgrade, serviceSelector: { app: 'nowhere' } });

    const { findings, of } = await examine({ COOLDOWN_SECONDS: '300', ALLOWED_SOURCES: '10.0.0.0/8,cloudmonitor' });

    const guarded = 'takes them from 10.0.0.0/8, cloudmonitor only (ALLOWED_SOURCES)';
    expect(of('cooling')).toEqual([
      "the old service: acts on every trigger; here: does nothing within 300 s of its target's last change (COOLDOWN_SECONDS)",
      `the old service: takes triggers from every address; here: ${guarded}`,
    ]);
    expect(of('own')).toEqual([expect.stringContaining(guarded)]);
    expect(of('push')).toEqual([expect.stringContaining(guarded)]);
    expect(findings.at(-1)).toMatchObject({ message: '0 of 3 act alike' });
  });

  it('speaks of adoption only where one is missing', async () => {
    const config = { ...bounds, hostSelector: { tier: 'web' } };
    store('old', 'scaleHost', config);
    sandbox.addGenericObject({
      projectId: '1a5',
      name: 'adopted',
      key: 'adopted',
      kind: 'webhookReceiver',
      resourceData: { url: '', driver: 'scaleHost', config, receiverHooks: { proof: 'anything' } },
    });
    const adoption = expect.stringContaining(
      'does nothing until somebody who may create hosts has adopted it',
    ) as unknown;

    const usual = await examine();
    const trusting = await examine({ TRUST_EXISTING_RECEIVERS: 'true' });

    expect(usual.of('old')).toContainEqual(adoption);
    expect(usual.of('adopted')).not.toContainEqual(adoption);
    expect(trusting.of('old')).not.toContainEqual(adoption);
  });

  it('says what every receiver does otherwise', async () => {
    const { findings } = await examine();

    expect(
      findings.filter(({ check }) => check.startsWith('every ')).map(({ state, message }) => [state, message]),
    ).toEqual([
      ['ok', expect.stringContaining('the same alert counts once')],
      ['ok', expect.stringContaining('calls at the same moment add up')],
      ['ok', expect.stringContaining('the newest wins')],
    ]);
  });

  it("knows that nothing can be forwarded in the old service's place", async () => {
    store('forward', 'forwardPost', { projectId: '1a5', serviceName: 'x', port: '80', path: '/' });

    const { of } = await examine({ INSTALL_PLACE: 'rancher-proxy' });

    expect(of('forward')).toEqual([expect.stringContaining('here: refuses it with FORWARD_NOT_AVAILABLE')]);
  });
});
