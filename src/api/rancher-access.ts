import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { ServiceError, hasCode } from '../domain/errors.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import type { Credentials, Rancher, RancherServer } from '../rancher/rancher.ts';
import type { Caller } from '../receivers/receiver.ts';
import { notInProject, readOnlyRole } from './access.ts';
import type { Access, WriteIntent } from './access.ts';

export interface RancherAccessOptions {
  readonly rancherServer: Pick<RancherServer, 'project'>;
  readonly drivers: readonly Pick<AnyDriver, 'id' | 'isAllowed'>[];
  /** Throws PROJECT_NOT_FOUND when our own key does not reach a project. */
  readonly requireProject: (projectId: string) => Promise<unknown>;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

interface Methods {
  readonly onCollection: readonly string[];
  readonly onResource: readonly string[];
}

const rememberedMs = 5_000;
const mostRemembered = 1_000;

// "No credentials" would be our own key. An empty session is nobody to Rancher, and its admin while access control is off.
const anonymous: Credentials = { cookie: '', csrf: '' };

/** Access on our own port: the caller's credentials are used against Rancher, and Rancher decides. */
export function createRancherAccess(options: RancherAccessOptions): Access {
  const { rancherServer, drivers, requireProject, nowMs = () => performance.now() } = options;
  const remembered = new Map<string, { readonly untilMs: number; readonly methods: Methods }>();

  function clientOf(caller: Caller, projectId: string): Rancher {
    const credentials = caller.kind === 'rancher-credentials' ? caller.credentials : undefined;
    return rancherServer.project(projectId, credentials ?? anonymous);
  }

  async function translate(error: unknown, projectId: string): Promise<never> {
    if (!hasCode(error, 'RANCHER_UNAUTHORIZED', 'RANCHER_NOT_FOUND')) throw error;
    const isKnown = error.code === 'RANCHER_NOT_FOUND' || error.details.rancherStatus === 403;
    if (!isKnown) {
      throw new ServiceError(
        'UNAUTHORIZED',
        'Rancher does not accept these credentials; send an API key of the environment, the access key as user name and the secret key as password',
      );
    }
    // Rancher says 403 for an environment that does not exist, too (recording g_unknown_project_path).
    await requireProject(projectId);
    throw notInProject(projectId);
  }

  async function methodsOf(caller: Caller, projectId: string): Promise<Methods> {
    const name = hash(caller, projectId);
    const known = remembered.get(name);
    if (known !== undefined && known.untilMs > nowMs()) return known.methods;
    remembered.delete(name);
    const client = clientOf(caller, projectId);
    try {
      const schema = await client.readSchema('genericObject');
      const methods = { onCollection: schema.collectionMethods ?? [], onResource: schema.resourceMethods ?? [] };
      remembered.set(name, { untilMs: nowMs() + rememberedMs, methods });
      const [oldest] = remembered.keys();
      if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
      return methods;
    } catch (error) {
      return await translate(error, projectId);
    } finally {
      await client.close();
    }
  }

  return {
    async requireRead(caller, projectId) {
      const methods = await methodsOf(caller, projectId);
      if (!methods.onCollection.includes('GET')) throw notInProject(projectId);
      return { seesTriggerUrls: methods.onCollection.includes('POST') };
    },
    async requireWrite(caller, projectId, intent) {
      if (!mayWrite(await methodsOf(caller, projectId), intent)) throw readOnlyRole(intent);
    },
    async requireDriver(caller, projectId, driverId, config) {
      const driver = drivers.find(({ id }) => id === driverId);
      const client = clientOf(caller, projectId);
      try {
        if ((await driver?.isAllowed(config, client)) === true) return;
      } catch (error) {
        await translate(error, projectId);
      } finally {
        await client.close();
      }
      throw new ServiceError(
        'FORBIDDEN',
        `these credentials may not do by hand what a ${driverId} receiver does; ask somebody who may change its target`,
        { fieldName: `${driverId}Config` },
      );
    },
  };
}

// Rename and rotation make a new object and remove the old one, so a change needs all three.
function mayWrite({ onCollection, onResource }: Methods, intent: WriteIntent): boolean {
  const mayCreate = onCollection.includes('POST');
  const mayRemove = onResource.includes('DELETE');
  if (intent === 'create') return mayCreate;
  if (intent === 'delete') return mayRemove;
  return mayCreate && mayRemove && onResource.includes('PUT');
}

/** Credentials are remembered only as a hash. */
function hash(caller: Caller, projectId: string): string {
  const credentials = caller.kind === 'rancher-credentials' ? caller.credentials : undefined;
  return createHash('sha256')
    .update(JSON.stringify([projectId, credentials ?? null]))
    .digest('base64');
}
