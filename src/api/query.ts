import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../domain/errors.ts';
import { isRancherId } from '../domain/rancher-id.ts';

/** The query as sent; unknown parameters are ignored everywhere, because Rancher's UI adds its own (`limit=-1`, `sort=name`). */
export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
}

/**
 * One parameter; undefined when absent or empty.
 * @throws ServiceError REQUEST_INVALID when it is given twice: Rancher's proxy decodes `%26` into another parameter
 * (recording g_proxy_amp_in_query), so a second value is not the caller's own.
 */
export function one(query: URLSearchParams, name: string): string | undefined {
  const [value, second] = query.getAll(name);
  if (second !== undefined) {
    throw new ServiceError('REQUEST_INVALID', `the parameter ${name} is given twice; give it once`, {
      fieldName: name,
    });
  }
  return value === '' ? undefined : value;
}

/** @throws ServiceError REQUEST_INVALID; the old service's words for a missing one. */
export function requireProjectId(query: URLSearchParams): string {
  const projectId = one(query, 'projectId');
  if (projectId === undefined) {
    throw new ServiceError('REQUEST_INVALID', 'projectId must be supplied as query parameter', {
      fieldName: 'projectId',
    });
  }
  return checkProjectId(projectId);
}

/**
 * An id of Rancher's by its shape, of whatever kind: `1e1000` is an unknown environment, `Default` and half an id are none.
 * @throws ServiceError REQUEST_INVALID
 */
export function checkProjectId(projectId: string): string {
  if (isRancherId(projectId)) return projectId;
  throw new ServiceError(
    'REQUEST_INVALID',
    `Invalid projectId ${JSON.stringify(projectId.slice(0, 64))}; the id of an environment looks like 1a5`,
    { fieldName: 'projectId' },
  );
}
