import { ServiceError } from '../domain/errors.ts';
import { parseApiUrl } from './api-url.ts';
import type { ChangeStream } from './change-stream.ts';
import { createCollection, type ApiCall, type CallApi } from './collection.ts';
import { credentialHeaders } from './credentials.ts';
import { createHttpClient, type HttpAnswer } from './http.ts';
import { createHostCreatorSearch } from './host-creator.ts';
import type { Observe } from './operations.ts';
import { isResource, malformed, readPages } from './pages.ts';
import type { Credentials, Rancher, RancherServer } from './rancher.ts';
import { notFound, projectPath } from './resource-path.ts';
import type { GenericObject, Host, Project, Service } from './resources.ts';
import { createSchemaReader } from './schema-reader.ts';
import { WebSocketChangeStream } from './web-socket-change-stream.ts';

export interface RancherOptions {
  /** `http://host:8080`, with or without `/v1`, `/v2-beta`, `/v2-beta/projects/1a5`. */
  readonly url: string;
  /** Our own key. Without one Rancher answers only while its access control is off. */
  readonly credentials?: Credentials;
  /** An environment API key to create hosts with, for when our own key may not. Used for nothing else, and never for callers. */
  readonly hostCredentials?: Credentials;
  /** Limit of one whole call: waiting for a socket, connecting, sending, reading to the end. 10 s when absent. */
  readonly timeoutMs?: number;
  /** Simultaneous connections; further calls wait within their time-out. 50 when absent. */
  readonly maxSockets?: number;
  /** Answers above this many bytes are not read. 64 MiB when absent (a list carries every `resourceData` whole). */
  readonly maxAnswerBytes?: number;
  readonly observe?: Observe;
}

type Send = (call: ApiCall, credentials: Credentials | undefined) => Promise<HttpAnswer>;

/**
 * Connects to a Rancher 1.6; nothing is sent yet. Clients of several projects and callers share its sockets, so make one
 * and close it at the end. Throws SETTINGS_INVALID when the address cannot be used.
 */
export function connectRancher(options: RancherOptions): RancherServer {
  const { base } = parseApiUrl(options.url);
  const { observe = () => {} } = options;
  const http = createHttpClient({
    protocol: new URL(base).protocol,
    timeoutMs: options.timeoutMs ?? 10_000,
    maxSockets: options.maxSockets ?? 50,
    maxAnswerBytes: options.maxAnswerBytes ?? 64 * 1024 * 1024,
    observe,
  });
  const streams = new Set<WebSocketChangeStream>();
  let isClosed = false;

  const send: Send = async ({ path, ...call }, credentials) =>
    http.send({ ...call, url: `${base}${path}`, headers: credentialHeaders(credentials) });

  function openStream(projectId: string, credentials: Credentials | undefined): WebSocketChangeStream {
    const url = `${base}${projectPath(projectId)}/subscribe?eventNames=resource.change`;
    const headers = credentialHeaders(credentials);
    const stream = new WebSocketChangeStream({ url, headers, observe, onClose: () => streams.delete(stream) });
    if (isClosed) stream.close();
    else streams.add(stream);
    return stream;
  }

  return {
    project(projectId, callers) {
      const credentials = callers ?? options.credentials;
      const api =
        (keys: Credentials | undefined): CallApi =>
        async (call) =>
          (await send(call, keys)).body;
      const { hostCredentials } = options;
      return createProjectClient(
        projectId,
        api(credentials),
        () => openStream(projectId, credentials),
        callers === undefined && hostCredentials !== undefined ? api(hostCredentials) : undefined,
      );
    },
    async listProjects(call = {}) {
      const readPage = async (query: string): Promise<unknown> => {
        const request = { operation: 'list project', method: 'GET', path: `/projects${query}`, call } as const;
        return (await send(request, options.credentials)).body;
      };
      return readPages('list project', {}, readPage);
    },
    async identify(call = {}) {
      const { headers } = await send({ operation: 'identify', method: 'GET', path: '', call }, options.credentials);
      const accountId = headers.get('x-api-account-id');
      const accountKind = headers.get('x-api-account-kind');
      if (accountId === null || accountKind === null) {
        throw malformed(
          'identify',
          'the answer does not say whose key this is; check that CATTLE_URL is rancher itself',
        );
      }
      return { accountId, accountKind };
    },
    async close() {
      isClosed = true;
      for (const stream of streams) stream.close();
      http.close();
    },
  };
}

function createProjectClient(
  projectId: string,
  api: CallApi,
  openStream: () => WebSocketChangeStream,
  hostApi: CallApi | undefined,
): Rancher {
  const findHostCreator = createHostCreatorSearch(projectId, hostApi === undefined ? [api] : [hostApi, api]);
  let stream: WebSocketChangeStream | undefined;
  let isClosed = false;
  return {
    projectId,
    services: createCollection<Service>(projectId, 'services', api),
    genericObjects: createCollection<GenericObject>(projectId, 'genericObjects', api),
    hosts: createCollection<Host>(projectId, 'hosts', api),
    collection: (plural) => createCollection(projectId, plural, api),
    async readProject(call = {}): Promise<Project> {
      const project = await api({ operation: 'read project', method: 'GET', path: projectPath(projectId), call });
      if (!isResource(project)) throw malformed('read project', 'the answer is not a project');
      if (project.id !== projectId) throw notFound('project', projectId);
      return project;
    },
    readSchema: createSchemaReader(projectId, api),
    findHostCreator,
    changes(): ChangeStream {
      if (isClosed) throw new ServiceError('RANCHER_UNAVAILABLE', 'cannot subscribe: the client of rancher is closed');
      stream ??= openStream();
      return stream;
    },
    async close() {
      isClosed = true;
      stream?.close();
    },
  };
}
