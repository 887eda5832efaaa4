import { ServiceError } from '../domain/errors.ts';
import { isWrite } from './errors.ts';
import { operation, type Operation } from './operations.ts';
import { isResource, readPages } from './pages.ts';
import type { CallOptions, Collection } from './rancher.ts';
import { collectionPath, notFound, readPath, writePath } from './resource-path.ts';
import type { Resource } from './resources.ts';

/** One call below the API's base path, with the credentials of whoever asks. */
export interface ApiCall {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/v2-beta`, beginning with a slash, query included. */
  readonly path: string;
  readonly body?: object;
  readonly call?: CallOptions;
}

export type CallApi = (call: ApiCall) => Promise<unknown>;

/**
 * The collection `plural` of a project. The type parameter is a promise of the caller about its members: resources are
 * kept as Rancher sent them and only `id` and `type` are checked here.
 */
export function createCollection<T extends Resource>(projectId: string, plural: string, api: CallApi): Collection<T> {
  async function call(request: ApiCall): Promise<T> {
    const body = await api(request);
    // A success was answered, so a write has most likely been applied: in doubt, to be looked up.
    if (!isResource(body)) throw unreadable(request.operation);
    return body as T;
  }

  return {
    async read(id, options = {}) {
      const path = readPath(projectId, plural, id);
      const resource = await call({ operation: operation('read', plural), method: 'GET', path, call: options });
      // Rancher ignores the prefix of an id: `services/1h5` answers service 1s5 (recording g_id_of_other_type).
      if (resource.id !== id) throw notFound(plural, id);
      return resource;
    },
    async list(filters = {}, options = {}) {
      const op = operation('list', plural);
      const path = collectionPath(projectId, plural);
      const readPage = (query: string): Promise<unknown> =>
        api({ operation: op, method: 'GET', path: `${path}${query}`, call: options });
      return (await readPages(op, filters, readPage)) as readonly T[];
    },
    async create(body, options = {}) {
      const path = collectionPath(projectId, plural);
      return call({ operation: operation('create', plural), method: 'POST', path, body, call: options });
    },
    async update(id, body, options = {}) {
      const path = writePath(projectId, plural, id);
      return call({ operation: operation('update', plural), method: 'PUT', path, body, call: options });
    },
    async remove(id, options = {}) {
      const path = writePath(projectId, plural, id);
      await api({ operation: operation('remove', plural), method: 'DELETE', path, call: options });
    },
    async action(id, name, body = {}, options = {}) {
      if (!/^[a-zA-Z]{1,64}$/.test(name)) throw notFound('action', name);
      const path = `${writePath(projectId, plural, id)}?action=${name}`;
      return call({ operation: operation('act on', plural), method: 'POST', path, body, call: options });
    },
  };
}

function unreadable(op: Operation): ServiceError {
  return new ServiceError(
    'RANCHER_UNAVAILABLE',
    `cannot ${op}: the answer is not a resource; check that CATTLE_URL is the address of rancher itself`,
    isWrite(op) ? { applied: 'unknown' } : {},
  );
}
