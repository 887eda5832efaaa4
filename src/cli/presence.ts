import { hostname } from 'node:os';
import { ulid } from 'ulid';
import type { ServiceConfig } from '../config/config.ts';
import { startPresence, type Presence, type PresenceTiming } from '../installations/presence.ts';
import type { Logger } from '../observability/logger.ts';
import type { Rancher, RancherServer } from '../rancher/rancher.ts';
import type { Receivers } from '../receivers/receivers.ts';
import { isLiveObject, receiverKind } from '../receivers/stored-receiver.ts';
import type { Store } from '../storage/store.ts';
import { oldServiceAnswers } from './doctor/other-installation.ts';
import { readVersion } from './version.ts';

/** What presence is made from. */
export interface PresenceParts {
  readonly config: Pick<ServiceConfig, 'rancher' | 'installPlace'>;
  readonly store: Pick<Store, 'isShared' | 'installationId'>;
  readonly rancherServer: Pick<RancherServer, 'listProjects'>;
  readonly rancherOf: (projectId: string) => Rancher;
  readonly receivers: Pick<Receivers, 'projectsInUse' | 'list'>;
  readonly logger: Logger;
  readonly timing?: Partial<PresenceTiming>;
}

// Environments that nobody has asked for yet are looked through so seldom; the others are known from memory.
const reachedEveryLooks = 10;

/** Presence of this process, under the name that its database has. @throws ServiceError STORE_UNAVAILABLE */
export async function startOwnPresence(parts: PresenceParts): Promise<Presence> {
  const { config, store, rancherOf, logger, timing } = parts;
  return startPresence({
    installation: await store.installationId(ulid()),
    version: readVersion(),
    host: hostname(),
    isShared: store.isShared,
    projects: projectsWithReceivers(parts),
    rancher: rancherOf,
    ...(config.installPlace === 'rancher-proxy'
      ? {}
      : { oldServiceAnswers: (projectId: string) => oldServiceAnswers(config.rancher, projectId) }),
    log: logger,
    ...(timing === undefined ? {} : { timing }),
  });
}

/** The environments that have receivers: those in use, and those that our key reaches besides. */
function projectsWithReceivers({
  rancherServer,
  rancherOf,
  receivers,
}: PresenceParts): () => Promise<readonly string[]> {
  let looks = 0;
  let reached: readonly string[] = [];
  const hasReceivers = async (projectId: string): Promise<boolean> => {
    if (receivers.projectsInUse().includes(projectId)) return (await receivers.list(projectId)).length > 0;
    const objects = await rancherOf(projectId).genericObjects.list({ kind: receiverKind });
    return objects.some(isLiveObject);
  };
  return async () => {
    if (looks % reachedEveryLooks === 0) {
      const projects = (await rancherServer.listProjects()).map(({ id }) => id);
      reached = await those(projects, hasReceivers);
    }
    looks += 1;
    return [...new Set([...reached, ...(await those(receivers.projectsInUse(), hasReceivers))])];
  };
}

async function those(
  projects: readonly string[],
  isWanted: (projectId: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const wanted = await Promise.all(projects.map(isWanted));
  return projects.filter((_, index) => wanted[index]);
}
