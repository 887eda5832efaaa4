import type { ChangeStream } from './change-stream.ts';
import type { GenericObject, Host, Project, RancherSchema, Resource, Service } from './resources.ts';

export interface CallOptions {
  /** Cancels the call; a write that was already on the wire is then in doubt (`applied: 'unknown'`). */
  readonly signal?: AbortSignal;
  /** Called right before the request is handed to the socket. When it throws, nothing was sent and its error is passed on. */
  readonly beforeSend?: () => void;
  /**
   * The request is prepared at once, but leaves only when this is fulfilled. When it rejects, nothing was sent and its reason is
   * passed on. Of writes only: a GET leaves at once.
   */
  readonly after?: Promise<unknown>;
}

/** Column filters as Rancher understands them (`name`, `kind`, `state`, `key_like`, …). It ignores unknown ones silently. */
export type Filters = Readonly<Record<string, string>>;

/**
 * One collection of a project (`/v2-beta/projects/<id>/<plural>`). Resources are kept raw and whole: what Rancher
 * sent is what you hold, so sending it back loses no field.
 *
 * Every method throws ServiceError: RANCHER_UNAUTHORIZED (401, 403 on our own key), RANCHER_NOT_FOUND (404),
 * RANCHER_CONFLICT (409), RANCHER_RATE_LIMITED (429), RANCHER_REJECTED (other 4xx, with `rancherCode` and `fieldName`),
 * RANCHER_UNAVAILABLE (5xx, time-out, connection trouble). On writes `details.applied` says whether it may have been applied.
 */
export interface Collection<T extends Resource = Resource> {
  /** Reads one resource. Removed resources are still answered (look at `state`); an id with a foreign prefix is RANCHER_NOT_FOUND. */
  read(id: string, options?: CallOptions): Promise<T>;
  /** Reads every page, each a call with its own time-out. Pages are offsets in Rancher, so ids are made unique here. */
  list(filters?: Filters, options?: CallOptions): Promise<readonly T[]>;
  create(body: object, options?: CallOptions): Promise<T>;
  /**
   * PUT. Rancher answers 500 instead of 404 when there is no such id (recording g_unknown_id_put), so that is
   * RANCHER_UNAVAILABLE with `rancherStatus: 500`: read the id to tell. A removed resource is RANCHER_CONFLICT, as a race is.
   */
  update(id: string, body: object, options?: CallOptions): Promise<T>;
  remove(id: string, options?: CallOptions): Promise<void>;
  /** `POST …/<id>?action=<name>`. */
  action(id: string, name: string, body?: object, options?: CallOptions): Promise<Resource>;
}

/** Rancher 1.6, seen from one project with one set of credentials. */
export interface Rancher {
  readonly projectId: string;
  readonly services: Collection<Service>;
  readonly genericObjects: Collection<GenericObject>;
  readonly hosts: Collection<Host>;
  /** Any other collection by its plural name (`stacks`, `hostTemplates`, `externalHostEvents`, …). */
  collection(plural: string): Collection;
  /** The project itself; RANCHER_NOT_FOUND or RANCHER_UNAUTHORIZED when these credentials do not reach it. */
  readProject(options?: CallOptions): Promise<Project>;
  /** A schema as these credentials see it: its `collectionMethods` and `resourceMethods` are the caller's rights. */
  readSchema(id: string, options?: CallOptions): Promise<RancherSchema>;
  /**
   * The client that may create hosts here, and that sees what a host was made with: of the key given for hosts when it
   * reaches this project, else of these credentials when Rancher lets them POST hosts; undefined when neither does. An agent's
   * key does not (recording f_schemas_host_environment_agent_key). What was found is remembered.
   */
  findHostCreator(options?: CallOptions): Promise<HostCreator | undefined>;
  /** The project's change stream. One connection a client, shared by all who ask; see `change-stream.ts`. */
  changes(): ChangeStream;
  /** Ends the change stream; the sockets belong to the server. */
  close(): Promise<void>;
}

/** A client whose key Rancher lets create hosts. */
export type HostCreator = Pick<Rancher, 'hosts' | 'collection' | 'readSchema'>;

/** What the answers' `X-API-*` headers say about a key. */
export interface Identity {
  readonly accountId: string;
  /** `admin`, `service`, `project`, `environment`, `user`, …; `admin` for a wrong key too when access control is off. */
  readonly accountKind: string;
}

/** How a caller proves who he is to Rancher; sent as they are and never logged. */
export type Credentials =
  | { readonly accessKey: string; readonly secretKey: string }
  | { readonly authorization: string }
  /** The caller's `Cookie` header as it came (Rancher reads `token` and `CSRF` there), and his `X-Api-Csrf`. */
  | { readonly cookie: string; readonly csrf: string };

/** A Rancher server: makes clients for projects and for other people's credentials. */
export interface RancherServer {
  project(projectId: string, credentials?: Credentials): Rancher;
  /** The projects that our key reaches. */
  listProjects(options?: CallOptions): Promise<readonly Project[]>;
  identify(options?: CallOptions): Promise<Identity>;
  close(): Promise<void>;
}
