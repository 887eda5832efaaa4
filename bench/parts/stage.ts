import { startPostgresServer } from '../../test/support/postgres-server.ts';
import type { PlacedReceiver } from './rancher-child.ts';
import type { RancherProcess } from './rancher-process.ts';
import { startServiceProcess } from './service-process.ts';
import type { ServiceProcess, ServiceProcessOptions } from './service-process.ts';

/** A service in Rancher with a receiver up and one down. */
export interface ScaledService {
  readonly serviceId: string;
  readonly upKey: string;
  readonly downKey: string;
}

type ProjectAccess = RancherProcess['projects'][number];

let lastNumber = 0;

/** Places a service and its two receivers. */
export async function placeScaledService(rancher: RancherProcess, projectId: string): Promise<ScaledService> {
  lastNumber += 1;
  const name = `bench-${String(lastNumber)}`;
  const serviceId = await rancher.placeService({ name, scale: 5, projectId });
  const receiver = (action: 'up' | 'down'): PlacedReceiver => ({
    name: `${name}-${action}`,
    key: `${name}-${action}-0123456789012345678901234567`,
    serviceId,
    action,
  });
  const [up, down] = [receiver('up'), receiver('down')];
  await rancher.placeReceivers(projectId, [up, down]);
  return { serviceId, upKey: up.key, downKey: down.key };
}

/** One project of the bench's Rancher. */
export function projectOf(rancher: RancherProcess, index: 0 | 1): ProjectAccess {
  const project = rancher.projects[index];
  if (project === undefined) throw new Error(`the sandbox has no project number ${String(index)}`);
  return project;
}

/** Our service for one project of the bench's Rancher; on an embedded database of its own unless another is named. */
export function startServiceFor(
  rancher: RancherProcess,
  { accessKey, secretKey }: ProjectAccess,
  more: Pick<ServiceProcessOptions, 'dataDirectory' | 'databaseUrl' | 'inspectPort'> = {},
): Promise<ServiceProcess> {
  return startServiceProcess({ cattleUrl: rancher.url, accessKey, secretKey, ...more });
}

/** Our service on one of its two databases. */
export interface ServiceOnEngine {
  readonly engine: 'SQLite' | 'PostgreSQL';
  readonly project: ProjectAccess;
  readonly service: ServiceProcess;
}

/**
 * Our service on each of its databases, at the same time on the same Rancher, to be measured in turns. Each has a project of its
 * own: two installations on one would each find that they are one too many.
 */
export async function startOnBothEngines(
  rancher: RancherProcess,
): Promise<{ readonly onEngines: readonly ServiceOnEngine[]; readonly close: () => Promise<void> }> {
  const postgres = await startPostgresServer();
  const databaseUrl = await postgres.createDatabase();
  const [first, second] = [projectOf(rancher, 0), projectOf(rancher, 1)];
  const onEngines = [
    { engine: 'SQLite', project: first, service: await startServiceFor(rancher, first) },
    { engine: 'PostgreSQL', project: second, service: await startServiceFor(rancher, second, { databaseUrl }) },
  ] as const;
  return {
    onEngines,
    async close() {
      for (const { service } of onEngines) await service.close();
      await postgres.close();
    },
  };
}

/** The trigger URL of a key. */
export function triggerUrl(service: ServiceProcess, projectId: string, key: string): string {
  return `${service.url}/v1-webhooks/endpoint?key=${key}&projectId=${projectId}`;
}
