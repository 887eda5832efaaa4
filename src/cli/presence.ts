import { hostname } from 'node:os';
import { ulid } from 'ulid';
import type { ServiceConfig } from '../config/config.ts';
import { startPresence, type Presence, type PresenceTiming } from '../installations/presence.ts';
import type { Logger } from '../observability/logger.ts';
import { isOutOfReach } from '../rancher/errors.ts';
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

/**
 * The environments that have receivers: those in use, and those that our key reaches besides. One that cannot be asked for now
 * is taken for what it was; one that Rancher says is gone has none. Throws why when nothing is known of any.
 */
function projectsWithReceivers({
  rancherServer,
  rancherOf,
  receivers,
  logger,
}: PresenceParts): () => Promise<readonly string[]> {
  const known = new Set<string>();
  const unsure = new Map<string, unknown>();
  let looksUntilListed = 0;
  let notListed: unknown;

  const hasReceivers = async (projectId: string): Promise<boolean> => {
    if (receivers.projectsInUse().includes(projectId)) return (await receivers.list(projectId)).length > 0;
    const objects = await rancherOf(projectId).genericObjects.list({ kind: receiverKind });
    return objects.some(isLiveObject);
  };
  const forget = (projectId: string): void => {
    known.delete(projectId);
    unsure.delete(projectId);
  };
  const ask = async (projectId: string): Promise<void> => {
    try {
      const has = await hasReceivers(projectId);
      forget(projectId);
      if (has) known.add(projectId);
    } catch (error) {
      if (isOutOfReach(error)) {
        forget(projectId);
        return;
      }
      // Once, not with every look: an outage may last.
      if (!unsure.has(projectId))
        logger.warn({ projectId, err: error }, 'whether there are receivers is not known now');
      unsure.set(projectId, error);
    }
  };
  const listReached = async (): Promise<readonly string[]> => {
    looksUntilListed -= 1;
    if (looksUntilListed > 0) return [];
    try {
      const reached = (await rancherServer.listProjects()).map(({ id }) => id);
      looksUntilListed = reachedEveryLooks;
      notListed = undefined;
      for (const projectId of [...known, ...unsure.keys()]) if (!reached.includes(projectId)) forget(projectId);
      return reached;
    } catch (error) {
      if (notListed === undefined) logger.warn({ err: error }, 'the environments cannot be listed now');
      notListed = error;
      return [];
    }
  };

  return async () => {
    const reached = await listReached();
    await Promise.all([...new Set([...reached, ...unsure.keys(), ...receivers.projectsInUse()])].map(ask));
    const [failure = notListed] = unsure.values();
    if (known.size === 0 && failure !== undefined) throw failure;
    return [...known];
  };
}
