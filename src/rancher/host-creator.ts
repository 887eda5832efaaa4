import { hasCode } from '../domain/errors.ts';
import { createCollection, type CallApi } from './collection.ts';
import type { CallOptions, HostCreator } from './rancher.ts';
import type { Host } from './resources.ts';
import { createSchemaReader } from './schema-reader.ts';

/**
 * Looks for the first of `apis` whose credentials may POST hosts in the project; see `Rancher.findHostCreator`. A key that
 * was found is kept. "None" is asked again each time: the operator may be mending it just now.
 */
export function createHostCreatorSearch(
  projectId: string,
  apis: readonly CallApi[],
): (call?: CallOptions) => Promise<HostCreator | undefined> {
  let found: HostCreator | undefined;
  return async (call = {}) => {
    if (found !== undefined) return found;
    for (const api of apis) {
      const readSchema = createSchemaReader(projectId, api);
      try {
        const schema = await readSchema('host', call);
        if (schema.collectionMethods?.includes('POST') !== true) continue;
      } catch (error) {
        // A key of another environment, or one that was deleted.
        if (hasCode(error, 'RANCHER_UNAUTHORIZED', 'RANCHER_NOT_FOUND')) continue;
        throw error;
      }
      found = {
        readSchema,
        hosts: createCollection<Host>(projectId, 'hosts', api),
        collection: (plural) => createCollection(projectId, plural, api),
      };
      return found;
    }
    return undefined;
  };
}
