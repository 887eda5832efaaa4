import type { IncomingMessage } from 'node:http';

const hostForm = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;
const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * Where the caller reaches us, without a trailing slash: the configured public URL, else what the forwarding headers say (in
 * the forms of recording create.json "create with Forwarded headers"), else the Host header. Anything that is not
 * host[:port] is passed over, because these headers come from the caller and the links go into other people's scripts.
 */
export function baseUrlOf(request: IncomingMessage, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl;
  const forwardedProto = single(request.headers['x-forwarded-proto'])?.toLowerCase();
  const proto = forwardedProto === 'https' || forwardedProto === 'http' ? forwardedProto : 'http';
  const host = readHost(single(request.headers['x-forwarded-host'])) ?? readHost(request.headers.host);
  if (host === undefined) return `${proto}://localhost:${String(request.socket.localPort ?? 80)}`;
  const forwardedPort = single(request.headers['x-forwarded-port']);
  const port = host.port ?? (isPort(forwardedPort) ? forwardedPort : undefined);
  return port === undefined || port === defaultPorts[proto]
    ? `${proto}://${host.name}`
    : `${proto}://${host.name}:${port}`;
}

/** The absolute links of the API. */
export interface Links {
  readonly base: string;
  receivers(projectId: string): string;
  receiver(projectId: string, id: string): string;
  receiverAction(projectId: string, id: string, action: string): string;
  trigger(projectId: string, key: string): string;
  executions(projectId: string, query?: Readonly<Record<string, string>>): string;
  execution(projectId: string, id: string): string;
  executionAction(projectId: string, id: string, action: string): string;
  schemas(id?: string): string;
}

/** Links below one base URL; ids and keys are checked elsewhere and encoded here all the same. */
export function linksFrom(base: string): Links {
  const root = `${base}/v1-webhooks`;
  const within = (projectId: string) => `projectId=${encodeURIComponent(projectId)}`;
  const receiver = (projectId: string, id: string) =>
    `${root}/receivers/${encodeURIComponent(id)}?${within(projectId)}`;
  const execution = (projectId: string, id: string) =>
    `${root}/executions/${encodeURIComponent(id)}?${within(projectId)}`;
  return {
    base,
    receivers: (projectId) => `${root}/receivers?${within(projectId)}`,
    receiver,
    receiverAction: (projectId, id, action) => `${receiver(projectId, id)}&action=${action}`,
    trigger: (projectId, key) => `${root}/endpoint?key=${encodeURIComponent(key)}&${within(projectId)}`,
    executions: (projectId, query = {}) =>
      `${root}/executions?${new URLSearchParams({ projectId, ...query }).toString()}`,
    execution,
    executionAction: (projectId, id, action) => `${execution(projectId, id)}&action=${action}`,
    schemas: (id) => (id === undefined ? `${root}/schemas` : `${root}/schemas/${encodeURIComponent(id)}`),
  };
}

/** The path of a request as it was sent: without the query, and never normalised. */
export function rawPathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

function readHost(value: string | undefined): { readonly name: string; readonly port: string | undefined } | undefined {
  if (value === undefined || value.length > 255) return undefined;
  const match = hostForm.exec(value);
  if (match === null) return undefined;
  const port = match[1];
  if (port !== undefined && !isPort(port)) return undefined;
  return { name: port === undefined ? value : value.slice(0, -port.length - 1), port };
}

function isPort(value: string | undefined): value is string {
  return value !== undefined && /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
