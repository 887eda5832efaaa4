import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import type { RancherServer } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

type KeyName = keyof Sandbox['project']['keys'];

let sandbox: Sandbox;
let server: RancherServer;
let configs: Readonly<Record<string, object>>;

beforeAll(async () => {
  sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20 });
  server = connectRancher({ url: sandbox.url });
  const { projectId } = sandbox.project;
  configs = {
    scaleService: { serviceId: sandbox.addService({ projectId, scale: 1 }) },
    scaleHost: { hostSelector: { tier: 'web' } },
    serviceUpgrade: { serviceSelector: { app: 'shop' } },
    forwardPost: { serviceName: 'hooks' },
  };
});

afterAll(async () => {
  await server.close();
  await sandbox.close();
});

/** The keys by which an owner of a receiver with this driver would be allowed to do what it does. */
async function allowedKeys(driverId: string, config = configs[driverId]): Promise<readonly string[]> {
  const driver = drivers.find(({ id }) => id === driverId);
  const names = Object.keys(sandbox.project.keys) as KeyName[];
  const answers = await Promise.all(
    names.map(async (name) => {
      const { projectId, keys } = sandbox.project;
      return await driver?.isAllowed(config, server.project(projectId, keys[name]));
    }),
  );
  return names.filter((_, index) => answers[index] === true).toSorted();
}

describe('drivers: whose receivers may have which driver', () => {
  it('says so of every driver', () => {
    expect(Object.keys(configs)).toEqual(drivers.map(({ id }) => id));
  });

  it.each(['scaleService', 'serviceUpgrade'])('%s needs the right to change services', async (driverId) => {
    expect(await allowedKeys(driverId)).toEqual(['environment', 'member', 'owner', 'project', 'restricted']);
  });

  it('scaleHost needs the right to make hosts, which restricted members and agents do not have', async () => {
    expect(await allowedKeys('scaleHost')).toEqual(['member', 'owner', 'project']);
  });

  it('forwardPost needs no more than a receiver does', async () => {
    expect(await allowedKeys('forwardPost')).toHaveLength(Object.keys(sandbox.project.keys).length);
  });

  it('scaleService asks the schema of a load balancer for a load balancer', async () => {
    const serviceId = sandbox.addService({ projectId: '1a5', type: 'loadBalancerService' });

    expect(await allowedKeys('scaleService', { serviceId })).toContain('member');
    expect(sandbox.calls.list().some(({ path }) => /schemas\/loadbalancerservice$/i.test(path))).toBe(true);
  });

  it("scaleService is nobody's for a service that is not within his reach", async () => {
    const serviceId = sandbox.addService({ projectId: sandbox.otherProject.projectId });

    expect(await allowedKeys('scaleService', { serviceId })).toEqual([]);
  });
});
