import { setTimeout as sleep } from 'node:timers/promises';
import { connectRancher } from '../rancher/server.ts';
import type { Rancher } from '../rancher/rancher.ts';
import type { Service } from '../rancher/resources.ts';
import { CliError } from './cli-error.ts';
import { parseReceiver } from './client/receiver-resource.ts';
import { createServiceClient } from './client/service-client.ts';
import type { RunningSandbox, RunningService } from './running-service.ts';

export interface DemoService {
  readonly id: string;
  readonly name: string;
}

export interface DemoReceivers {
  /** Trigger URLs, keys included. */
  readonly upUrl: string;
  readonly downUrl: string;
}

/** The labels of the demo's machines. */
const poolLabels = { pool: 'demo' } as const;

const pollMs = 20;
const deadlineMs = 10_000;

/** Makes a stack and the service `webapp` in the sandbox, by the calls a user would make. @throws CliError, ServiceError */
export async function createDemoService(sandbox: RunningSandbox): Promise<DemoService> {
  const { accessKey, secretKey } = sandbox;
  const server = connectRancher({ url: sandbox.url, credentials: { accessKey, secretKey } });
  try {
    const rancher = server.project(sandbox.projectId);
    const stack = await rancher.collection('stacks').create({ name: 'demo' });
    const created = await rancher.services.create({
      name: 'webapp',
      stackId: stack.id,
      scale: 2,
      launchConfig: { imageUuid: 'docker:nginx:1.27' },
    });
    // Rancher offers `activate` only once the new service has come to rest as inactive (recording b_activate).
    await waitForState(rancher, created, 'inactive');
    await rancher.services.action(created.id, 'activate', {});
    await waitForState(rancher, created, 'active');
    return { id: created.id, name: 'webapp' };
  } finally {
    await server.close();
  }
}

/** Makes the first machine of a labelled pool in the sandbox, from which the others are cloned. @throws ServiceError */
export async function createDemoPool(sandbox: RunningSandbox): Promise<void> {
  const { accessKey, secretKey } = sandbox;
  const server = connectRancher({ url: sandbox.url, credentials: { accessKey, secretKey } });
  try {
    // Nobody waits until it is active, in three seconds: it counts and can be cloned before.
    await server.project(sandbox.projectId).hosts.create({
      hostname: 'pool-1',
      labels: poolLabels,
      aliyunecsConfig: { region: 'cn-hangzhou' },
    });
  } finally {
    await server.close();
  }
}

async function waitForState(rancher: Rancher, { id }: Service, state: string): Promise<void> {
  const giveUpAtMs = performance.now() + deadlineMs;
  let service = await rancher.services.read(id);
  while (service.state !== state) {
    if (performance.now() > giveUpAtMs) {
      throw new CliError(
        `the demo service is ${service.state ?? 'in no state'} after ${String(deadlineMs / 1000)} s and should be ${state}`,
      );
    }
    await sleep(pollMs);
    service = await rancher.services.read(id);
  }
}

/** Makes receivers that add a container to the demo service and take one away, through our own API. @throws CliError */
export async function createDemoReceivers(
  service: RunningService,
  sandbox: RunningSandbox,
  webapp: DemoService,
): Promise<DemoReceivers> {
  const create = receiverMaker(service, sandbox, 'scaleService');
  const config = { serviceId: webapp.id, amount: 1, min: 1, max: 10 };
  return {
    upUrl: await create(`${webapp.name}-up`, { ...config, action: 'up' }),
    downUrl: await create(`${webapp.name}-down`, { ...config, action: 'down' }),
  };
}

/** Makes receivers that add a machine to the demo pool, ten at most, and take one away. @throws CliError */
export async function createPoolReceivers(service: RunningService, sandbox: RunningSandbox): Promise<DemoReceivers> {
  const create = receiverMaker(service, sandbox, 'scaleHost');
  const config = { hostSelector: poolLabels, amount: 1, min: 1, max: 11 };
  return {
    upUrl: await create('machines-up', { ...config, action: 'up' }),
    downUrl: await create('machines-down', { ...config, action: 'down', deleteOption: 'mostRecent' }),
  };
}

/** Answers the trigger URL of each receiver it makes. */
function receiverMaker(
  service: RunningService,
  { accessKey, secretKey, projectId }: RunningSandbox,
  driver: 'scaleService' | 'scaleHost',
): (name: string, config: object) => Promise<string> {
  const client = createServiceClient({ url: service.url, projectId, key: { accessKey, secretKey } });
  return async (name, config) => {
    const body = { name, driver, [`${driver}Config`]: { type: driver, ...config } };
    const { url } = parseReceiver(await client.call('POST', '/receivers', { body }));
    if (!url) throw new CliError(`the service did not tell the trigger URL of its demo receiver ${name}`);
    return url;
  };
}
