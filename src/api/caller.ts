import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../domain/errors.ts';
import type { Caller } from '../receivers/receiver.ts';

/** Where the service stands, and so whose word about a caller counts. */
export type InstallPlace = 'own-port' | 'rancher-proxy';

/**
 * Who calls, as the place allows to know it.
 * @throws ServiceError FORBIDDEN when a browser's session comes without its CSRF token: another site may have sent it.
 */
export function callerOf(request: IncomingMessage, place: InstallPlace): Caller {
  return place === 'rancher-proxy' ? fromProxy(request) : fromCredentials(request);
}

// Authorization and cookies mean nothing here: the proxy takes the former away and anybody may set the latter.
function fromProxy(request: IncomingMessage): Caller {
  const roles = headerOf(request, 'x-api-roles') ?? '';
  return {
    kind: 'rancher-proxy',
    roles: roles
      .split(',')
      .map((role) => role.trim().toLowerCase().replace(/^v1-/, ''))
      .filter((role) => role !== ''),
    projectId: headerOf(request, 'x-api-project-id'),
  };
}

function fromCredentials(request: IncomingMessage): Caller {
  const authorization = headerOf(request, 'authorization');
  if (authorization !== undefined) return { kind: 'rancher-credentials', credentials: { authorization } };
  const cookies = parseCookies(headerOf(request, 'cookie') ?? '');
  const token = cookies.get('token');
  if (token === undefined) return { kind: 'rancher-credentials', credentials: undefined };
  const csrf = headerOf(request, 'x-api-csrf');
  if (csrf === undefined || csrf !== cookies.get('CSRF')) {
    throw new ServiceError(
      'FORBIDDEN',
      'a session needs the header X-Api-Csrf with the value of the CSRF cookie; use an API key instead when this is a script',
      { fieldName: 'X-Api-Csrf' },
    );
  }
  // Only Rancher's own two cookies go on to Rancher.
  return { kind: 'rancher-credentials', credentials: { cookie: `token=${token}; CSRF=${csrf}`, csrf } };
}

function parseCookies(header: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(';')) {
    const [name = '', ...value] = pair.trim().split('=');
    if (name !== '' && !cookies.has(name)) cookies.set(name, value.join('='));
  }
  return cookies;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
