import type { CallApi } from './collection.ts';
import { isResource, malformed } from './pages.ts';
import type { CallOptions } from './rancher.ts';
import { schemaPath } from './resource-path.ts';
import type { RancherSchema } from './resources.ts';

/** Reads schemas of a project; RANCHER_NOT_FOUND for one that these credentials do not see. */
export function createSchemaReader(
  projectId: string,
  api: CallApi,
): (id: string, call?: CallOptions) => Promise<RancherSchema> {
  return async (id, call = {}) => {
    const path = schemaPath(projectId, id);
    const schema = await api({ operation: 'read schema', method: 'GET', path, call });
    if (!isResource(schema)) throw malformed('read schema', 'the answer is not a schema');
    return schema;
  };
}
