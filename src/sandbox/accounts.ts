import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { refused } from './errors.ts';

/** What a caller may do in a project. A project's own key and its agents' keys are roles of their own. */
export type Role = 'project' | 'environment' | 'owner' | 'member' | 'restricted' | 'readonly' | 'admin' | 'service';

/** An API key as a caller uses it with Basic authentication. */
export interface ApiKey {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface Caller {
  /** The account whose resources are meant: the project, or the caller's own account on the global path. */
  readonly accountId: string;
  readonly userId: string;
  /** Sent as X-API-Account-Kind (recordings g_auth_on_project_key, g_environment_agent_key_root, d_read_as_readonly). */
  readonly kind: 'project' | 'environment' | 'user' | 'admin' | 'service';
  readonly name: string;
  readonly role: Role;
  /** Whether resources of every account are visible when no project is named. */
  readonly seesAll: boolean;
}

interface Holder extends ApiKey {
  readonly accountId: string;
  readonly role: Role;
  readonly name: string;
  /** The projects this key reaches; an admin's and a service's reach all. */
  readonly projectId: string | undefined;
  isActive: boolean;
}

const kinds: Readonly<Record<Role, Caller['kind']>> = {
  project: 'project',
  environment: 'environment',
  owner: 'user',
  member: 'user',
  restricted: 'user',
  readonly: 'user',
  admin: 'admin',
  service: 'service',
};
const anonymousAdmin = { accountId: '1a1', role: 'admin', name: 'admin', projectId: undefined } as const;

/** The keys of the sandbox and what they reach. */
export class Accounts {
  private readonly holders = new Map<string, Holder>();
  private readonly projects = new Map<string, string>();
  private readonly accessControl: 'on' | 'off';

  constructor(accessControl: 'on' | 'off') {
    this.accessControl = accessControl;
  }

  addProject(projectId: string, name: string): void {
    this.projects.set(projectId, name);
  }

  /** Issues a key; without `key` its two halves are random. `accountId` is the project's for project and agent keys. */
  issue(options: {
    readonly role: Role;
    readonly accountId: string;
    readonly name: string;
    readonly projectId?: string;
    readonly key?: ApiKey;
  }): ApiKey {
    const key = options.key ?? {
      accessKey: randomBytes(10).toString('hex').toUpperCase(),
      secretKey: randomBytes(20).toString('hex'),
    };
    const { role, accountId, name, projectId } = options;
    this.holders.set(key.accessKey, { ...key, role, accountId, name, projectId, isActive: true });
    return key;
  }

  /** Lets a key work or not; callers with a deactivated key are 401 (recording g_auth_on_deactivated_key). */
  setActive(accessKey: string, use: 'allowed' | 'refused'): void {
    const holder = this.holders.get(accessKey);
    if (holder !== undefined) holder.isActive = use === 'allowed';
  }

  projectIds(caller: Caller): readonly string[] {
    return [...this.projects.keys()].filter(
      (id) => caller.seesAll || id === caller.accountId || this.reaches(caller.userId, id),
    );
  }

  /**
   * Who calls, in the project he names (path before header before query), or in his own account.
   * @throws ApiError 401 without a valid key when access control is on; 403 for a project he does not reach or that does not exist
   */
  authenticate(headers: IncomingHttpHeaders, projectId: string | undefined): Caller {
    const holder = this.holderOf(headers.authorization) ?? (this.accessControl === 'off' ? anonymousAdmin : undefined);
    if (holder === undefined) throw refused(401);

    const isEverywhere = holder.role === 'admin' || holder.role === 'service';
    if (
      projectId !== undefined &&
      (!this.projects.has(projectId) || (!isEverywhere && holder.projectId !== projectId))
    ) {
      throw refused(403);
    }
    return {
      accountId: projectId ?? holder.accountId,
      userId: holder.accountId,
      kind: kinds[holder.role],
      name: holder.name,
      role: holder.role,
      seesAll: isEverywhere && projectId === undefined,
    };
  }

  private reaches(userId: string, projectId: string): boolean {
    return [...this.holders.values()].some((holder) => holder.accountId === userId && holder.projectId === projectId);
  }

  private holderOf(authorization: string | undefined): Holder | undefined {
    const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1];
    if (encoded === undefined) return undefined;
    const [accessKey = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    const holder = this.holders.get(accessKey);
    return holder?.secretKey === secret.join(':') && holder.isActive ? holder : undefined;
  }
}
