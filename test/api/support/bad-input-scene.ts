import { basic, startApi } from '../../support/running-api.ts';
import type { RunningApi } from '../../support/running-api.ts';
import type { PlainRequest } from '../../support/http-client.ts';

/** One request that must be refused, and how. */
export interface BadInput {
  readonly name: string;
  /** Made late: ids and keys are known only once the service runs. */
  readonly request: () => PlainRequest;
  readonly status: number;
  readonly code: string;
  readonly fieldName?: string;
  readonly message: RegExp;
}

export const key = 'A'.repeat(40);
export const foreignKey = 'B'.repeat(40);
export const brokenKey = 'C'.repeat(40);

/** The service under test and what stands in its two environments; filled by `openScene`. */
export const scene = { ids: {} } as Scene;

interface Scene {
  api: RunningApi;
  serviceId: string;
  receiverId: string;
  foreignReceiverId: string;
  /** Services that cannot be scaled, by why. */
  readonly ids: Record<string, string>;
}

/** A config that would be accepted, with something changed. */
export const config = (more: object = {}): object => ({
  type: 'scaleService',
  serviceId: scene.serviceId,
  action: 'up',
  amount: 1,
  min: 1,
  max: 4,
  ...more,
});

/** Starts the service with everything that the inputs are about. */
export async function openScene(): Promise<void> {
  scene.api = await startApi({ parts: { bodyLimits: { mostBytes: 1024 * 1024, timeoutMs: 300 } } });
  const { api, ids } = scene;
  const { sandbox } = api;
  const projectId = '1a5';
  scene.serviceId = sandbox.addService({ projectId, scale: 1 });
  ids['global'] = sandbox.addService({
    projectId,
    launchConfig: { imageUuid: 'docker:nginx', labels: { 'io.rancher.scheduler.global': 'true' } },
  });
  ids['imageless'] = sandbox.addService({ projectId, launchConfig: { imageUuid: 'docker:rancher/none' } });
  ids['external'] = sandbox.addService({ projectId, type: 'externalService' });
  ids['dns'] = sandbox.addService({ projectId, type: 'dnsService' });
  ids['policy'] = sandbox.addService({ projectId, scalePolicy: { min: 1, max: 3, increment: 1 } });
  ids['removed'] = sandbox.addService({ projectId, state: 'removed' });
  ids['foreign'] = sandbox.addService({ projectId: '1a7' });
  const place = (project: string, name: string, receiverKey: string, driverConfig: object): string =>
    sandbox.addGenericObject({
      projectId: project,
      kind: 'webhookReceiver',
      name,
      key: receiverKey,
      resourceData: { url: 'http://old/', driver: 'scaleService', config: driverConfig },
    });
  scene.receiverId = place(projectId, 'there', key, config());
  scene.foreignReceiverId = place('1a7', 'theirs', foreignKey, config({ serviceId: ids['foreign'] }));
  place(projectId, 'broken', brokenKey, { amount: 'many' });
}

/** The headers of an owner of the first environment. */
export const owner = (): Readonly<Record<string, string>> => ({
  authorization: basic(scene.api.sandbox.project.keys.owner),
});

/** The body of a create that would be accepted, with something changed. */
export const receiver = (more: object = {}): object => ({
  name: 'new',
  driver: 'scaleService',
  scaleServiceConfig: config(),
  ...more,
});
