import { ServiceError } from '../domain/errors.ts';
import { isRancherId } from '../domain/rancher-id.ts';

/**
 * Prefixes of the ids we write to. Rancher ignores the prefix (`services/1h5` is service 1s5, recording
 * g_id_of_other_type), so a write to a mistaken id would change a stranger; a read is compared afterwards instead.
 */
const idPrefixes: Readonly<Record<string, string>> = {
  services: '1s',
  genericobjects: '1go',
  hosts: '1h',
  stacks: '1st',
  hosttemplates: '1ht',
};

/** `/projects/<id>`; RANCHER_NOT_FOUND when the id is none (`1a!-1` of Rancher's own proxy, `../..`), before any call. */
export function projectPath(projectId: string): string {
  if (!/^1a\d{1,18}$/.test(projectId)) throw notFound('project', projectId);
  return `/projects/${projectId}`;
}

/** A collection as Rancher spells it in its own links: the plural name in lower case. */
export function collectionPath(projectId: string, plural: string): string {
  if (!/^[a-zA-Z]{1,64}$/.test(plural)) throw notFound('collection', plural);
  return `${projectPath(projectId)}/${plural.toLowerCase()}`;
}

/** One resource to be read; RANCHER_NOT_FOUND when `id` has not the shape of an id, so that it cannot alter the path. */
export function readPath(projectId: string, plural: string, id: string): string {
  if (!isRancherId(id)) throw notFound(plural, id);
  return `${collectionPath(projectId, plural)}/${id}`;
}

/** One resource to be changed: as `readPath`, and a foreign prefix is refused before it can reach a stranger. */
export function writePath(projectId: string, plural: string, id: string): string {
  const prefix = idPrefixes[plural.toLowerCase()];
  if (prefix !== undefined && !new RegExp(`^${prefix}\\d+$`).test(id)) throw notFound(plural, id);
  return readPath(projectId, plural, id);
}

/** A schema by its id (`genericObject`). */
export function schemaPath(projectId: string, id: string): string {
  if (!/^[a-zA-Z0-9]{1,128}$/.test(id)) throw notFound('schema', id);
  return `${projectPath(projectId)}/schemas/${id}`;
}

/** The error of an id that names nothing in `kind`; nothing was sent. */
export function notFound(kind: string, id: string): ServiceError {
  return new ServiceError('RANCHER_NOT_FOUND', `rancher has no ${kind} ${JSON.stringify(id.slice(0, 64))}`, {
    applied: 'no',
  });
}
