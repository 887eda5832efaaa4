import { ServiceError } from '../domain/errors.ts';
import type { Caller } from '../receivers/receiver.ts';
import { notInProject, readOnlyRole } from './access.ts';
import type { Access } from './access.ts';

// Rancher's roles as its proxy sends them, without `v1-` (recordings g_proxy_get_receivers_as_*).
const writingRoles = new Set([
  'owner',
  'member',
  'project',
  'environment',
  'projectadmin',
  'environmentadmin',
  'admin',
  'superadmin',
  'service',
]);
const readingRoles = new Set(['readonly', 'restricted', 'readadmin']);
/** What Rancher's proxy writes for nobody (recording g_auth_on_proxy_post_endpoint_no_key). */
const nobodysProject = '1a!-1';

/**
 * Access behind Rancher's own proxy, which has authenticated the caller and sets both headers itself. Only safe while nobody
 * but the proxy reaches our port: the service then listens on loopback.
 */
export function createProxyAccess(): Access {
  return {
    async requireRead(caller, projectId) {
      return { seesTriggerUrls: canWrite(rolesIn(caller, projectId)) };
    },
    async requireWrite(caller, projectId, intent) {
      if (!canWrite(rolesIn(caller, projectId))) throw readOnlyRole(intent);
    },
    async requireDriver() {
      // No credentials of the caller arrive here; owners and members may do by hand what the drivers do.
    },
  };
}

/** One reading role among several is enough to refuse: roles only ever come together by widening a narrow one by mistake. */
function canWrite(roles: readonly string[]): boolean {
  return roles.some((role) => writingRoles.has(role)) && !roles.some((role) => readingRoles.has(role));
}

function rolesIn(caller: Caller, projectId: string): readonly string[] {
  if (
    caller.kind !== 'rancher-proxy' ||
    caller.projectId === undefined ||
    caller.projectId === nobodysProject ||
    caller.roles.length === 0
  ) {
    throw new ServiceError('UNAUTHORIZED', 'Rancher says nobody is logged in; log in or use an API key');
  }
  // The proxy lets header A with query B pass (recording g_auth_on_proxy_header_a_query_b); what it checked is the header.
  if (caller.projectId !== projectId) throw notInProject(projectId);
  return caller.roles;
}
