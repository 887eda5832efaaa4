import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from './accounts.ts';
import { parseBody } from './body.ts';
import type { Body } from './body.ts';
import { collection } from './collections.ts';
import type { Contention } from './contention.ts';
import { ApiError, errorBody, refused, unprocessable } from './errors.ts';
import { accept } from './fields.ts';
import type { Filter } from './filters.ts';
import { requireConfigSchema } from './machines/machine-drivers.ts';
import { typeAt, typeNamed } from './resource-types.ts';
import type { Cattle, ResourceType } from './resource-type.ts';
import { readRoute } from './route.ts';
import type { Route } from './route.ts';
import { apiVersion, configSchema, schema, schemas } from './schemas.ts';
import type { Row } from './store.ts';
import { offeredActions, view } from './view.ts';
import type { Scope } from './view.ts';

export interface ApiRequest {
  readonly method: string;
  /** Path and query as they arrived. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Who called, for the call log: the kind of his account, or `none`. */
  readonly as: string;
}

/** What one request needs on its way. `pause` is awaited once, right before anything is read or changed. */
interface Turn {
  readonly route: Route;
  readonly method: string;
  readonly caller: Caller;
  readonly scope: Scope;
  readonly body: Body;
  pause(): Promise<void>;
}

interface Found {
  readonly status: number;
  readonly body: object;
}

/** Rancher's API over the stored rows: everything between the HTTP server and the resource types. */
export class Api {
  private readonly cattle: Cattle;
  private readonly contention: Contention;

  constructor(cattle: Cattle, contention: Contention) {
    this.cattle = cattle;
    this.contention = contention;
  }

  /** Answers any request; Rancher's own refusals are answers, too. `pause` is how long the real server would take. */
  async answer(request: ApiRequest, pause: (access: 'read' | 'write') => Promise<void>): Promise<ApiAnswer> {
    if (request.path === '/ping')
      return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'pong\n', as: 'none' };
    const { headers } = request;
    const projectHeader = headers['x-api-project-id'];
    const route = readRoute({
      path: request.path,
      host: headers.host ?? 'localhost',
      projectHeader: typeof projectHeader === 'string' ? projectHeader : undefined,
    });
    if (route === undefined) return unknownVersion(request.path);

    let caller: Caller | undefined;
    try {
      const method = new URLSearchParams(route.query).get('_method')?.toUpperCase() ?? request.method;
      // A body that cannot be read is refused before anybody asks who sent it (recording g_malformed_json_put).
      const body = parseBody(request.body, headers['content-type']);
      caller = this.cattle.accounts.authenticate(headers, route.projectId);
      const scope = { base: route.base, role: caller.role };
      const found = await this.find({
        route,
        method,
        caller,
        scope,
        body,
        pause: () => pause(method === 'GET' ? 'read' : 'write'),
      });
      return this.complete(route, found, { caller });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.complete(
        route,
        { status: error.status, body: errorBody(error) },
        { caller, challenge: headers['x-api-no-challenge'] === 'true' ? 'omitted' : 'sent' },
      );
    }
  }

  private complete(
    route: Route,
    found: Found,
    { caller, challenge }: { readonly caller?: Caller | undefined; readonly challenge?: 'sent' | 'omitted' },
  ): ApiAnswer {
    return {
      status: found.status,
      headers: {
        'X-API-Schemas': `${route.base}/schemas`,
        ...(caller === undefined
          ? {}
          : {
              'X-API-Account-Id': caller.accountId,
              'X-API-User-Id': caller.userId,
              'X-API-Account-Kind': caller.kind,
              'X-API-Account-Name': caller.name,
              'X-API-Client-Ip': '127.0.0.1',
            }),
        ...(found.status === 401 && challenge === 'sent'
          ? { 'WWW-Authenticate': 'Basic realm="Enter API access key and secret key as username and password"' }
          : {}),
        'Content-Type': 'application/json; charset=utf-8',
      },
      body: JSON.stringify(found.body),
      as: caller === undefined ? 'none' : caller.role,
    };
  }

  private async find(turn: Turn): Promise<Found> {
    const { route, method, scope } = turn;
    const [plural, id, link, ...more] = route.segments;
    if (plural === undefined) return this.readOnly(turn, () => apiVersion(route.version, scope));
    if (plural.toLowerCase() === 'schemas') return this.readOnly(turn, () => this.schema(scope, id));

    const type = typeAt(plural);
    if (type === undefined || more.length > 0) throw refused(404);
    if (!['GET', 'POST', 'PUT', 'DELETE'].includes(method)) throw refused(405);
    if (id === undefined) return this.onCollection(turn, type);
    if (link !== undefined) return this.readOnly(turn, () => this.follow(turn, type, { id, link }));
    switch (method) {
      case 'PUT':
        return this.update(turn, type, id);
      case 'DELETE':
        return this.remove(turn, type, id);
      case 'POST':
        return this.act(turn, type, id);
      default:
        return this.readOnly(turn, () => view(this.row(turn, type, id), scope));
    }
  }

  private async readOnly(turn: Turn, read: () => object): Promise<Found> {
    if (turn.method !== 'GET') throw refused(405);
    await turn.pause();
    return { status: 200, body: read() };
  }

  private schema(scope: Scope, id: string | undefined): object {
    if (id === undefined) return schemas(scope);
    const type = typeNamed(id);
    return type === undefined
      ? configSchema(id, requireConfigSchema(this.cattle, id, scope.role), scope)
      : schema(type, scope);
  }

  private async onCollection(turn: Turn, type: ResourceType): Promise<Found> {
    const { method, route, scope, caller } = turn;
    if (method === 'GET') {
      return this.readOnly(turn, () =>
        collection(this.cattle, {
          type,
          url: route.url,
          query: route.query,
          scope,
          rows: (filters) => this.rows(type, caller, filters),
        }),
      );
    }
    if (method !== 'POST' || type.create === undefined || !type.methods(caller.role).collection.includes('POST'))
      throw refused(405);
    await turn.pause();
    return {
      status: 201,
      body: view(type.create(this.cattle, accept(type.fields, turn.body, 'create'), caller.accountId), scope),
    };
  }

  private *rows(type: ResourceType, caller: Caller, filters: readonly Filter[]): Iterable<Row> {
    const table = this.cattle.table(type.baseType);
    const key = filters.find(({ column, modifier }) => column === 'key' && modifier === 'eq')?.value;
    const rows =
      type.visible?.(this.cattle, caller) ??
      (caller.seesAll
        ? table.all()
        : typeof key === 'string'
          ? table.listWithKey(caller.accountId, key)
          : table.list(caller.accountId));
    for (const row of rows) if (isOfType(row, type)) yield row;
  }

  private follow(turn: Turn, type: ResourceType, { id, link }: { readonly id: string; readonly link: string }): object {
    const row = this.row(turn, type, id);
    const name = Object.keys(type.follow ?? {}).find((known) => known.toLowerCase() === link.toLowerCase());
    const linked = name === undefined ? undefined : type.follow?.[name]?.(this.cattle, row);
    if (linked === undefined) throw refused(404);
    if ('one' in linked) {
      if (linked.one === undefined) throw refused(404);
      return view(linked.one, turn.scope);
    }
    const listed = typeNamed(linked.listOf);
    if (listed === undefined) throw refused(404);
    return collection(this.cattle, {
      type: listed,
      url: turn.route.url,
      query: turn.route.query,
      scope: turn.scope,
      rows: () => linked.rows,
    });
  }

  private async update(turn: Turn, type: ResourceType, id: string): Promise<Found> {
    if (type.update === undefined || !type.methods(turn.caller.role).resource.includes('PUT')) throw refused(405);
    // An id that never existed is 500 on PUT, another project's is 404 (recordings g_unknown_id_put, g_other_projects_service_put_on_own_path).
    if (this.cattle.table(type.baseType).find(id) === undefined) throw refused(500);
    const row = this.row(turn, type, id);
    const contention = this.contention.enter(row, type.overlapConflictShare);
    try {
      await turn.pause();
      const values = accept(type.fields, turn.body, 'update');
      if (contention === 'conflict' || type.frozenStates.includes(row.state)) throw refused(409);
      type.update(this.cattle, row, values);
      return { status: 200, body: view(row, turn.scope) };
    } finally {
      this.contention.leave(row);
    }
  }

  private async remove(turn: Turn, type: ResourceType, id: string): Promise<Found> {
    if (type.remove === undefined || !type.methods(turn.caller.role).resource.includes('DELETE')) throw refused(405);
    const row = this.row(turn, type, id);
    await turn.pause();
    type.remove(this.cattle, row);
    return { status: 200, body: view(row, turn.scope) };
  }

  /** An unknown action, or one the role may not use, is InvalidAction; one of the wrong state ActionNotAvailable (recordings c_*_wrong_state_*, g_upgrade_as_readonly). */
  private async act(turn: Turn, type: ResourceType, id: string): Promise<Found> {
    const asked = new URLSearchParams(turn.route.query).get('action')?.toLowerCase();
    if (asked === undefined) throw refused(405);
    const row = this.row(turn, type, id);
    await turn.pause();
    const { role } = turn.caller;
    const known = type.knownActions.find((action) => action.toLowerCase() === asked);
    if (known === undefined || !type.methods(role).resource.includes('PUT'))
      throw unprocessable('InvalidAction', 'action');
    const action = type.actions[known];
    if (action === undefined || !offeredActions(type, row, role).includes(known))
      throw unprocessable('ActionNotAvailable', 'action');
    action.run(this.cattle, row, turn.body);
    return { status: action.status, body: view(row, turn.scope) };
  }

  /** @throws ApiError 404 for an unknown id and for another account's resource (recording g_other_projects_service_on_own_path) */
  private row({ caller }: Turn, type: ResourceType, id: string): Row {
    const row = this.cattle.table(type.baseType).find(id);
    if (row === undefined || !isOfType(row, type)) throw refused(404);
    const isVisible =
      type.visible === undefined
        ? caller.seesAll || row.accountId === caller.accountId
        : [...type.visible(this.cattle, caller)].includes(row);
    if (!isVisible) throw refused(404);
    return row;
  }
}

/** A list of a base type holds its kinds: load balancers are among the services. */
function isOfType(row: Row, type: ResourceType): boolean {
  return type.id === type.baseType || row.type === type.id;
}

function unknownVersion(path: string): ApiAnswer {
  const shown = path.replace(/[&<>"]/g, '');
  return {
    status: 404,
    headers: { 'Content-Type': 'text/html; charset=ISO-8859-1' },
    body: `<html>\n<head>\n<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404</h2>\n<p>Problem accessing ${shown}. Reason:\n<pre>    Not Found</pre></p>\n</body>\n</html>\n`,
    as: 'none',
  };
}
