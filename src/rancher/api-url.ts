import { ServiceError } from '../domain/errors.ts';

/** Where a Rancher's v2-beta API lives. */
export interface ApiUrl {
  /** Without a trailing slash: `http://rancher:8080/v2-beta`. */
  readonly base: string;
  /** The project the address was written for, when it named one. */
  readonly projectId?: string;
}

const spelling = /^(?<prefix>.*?)(?:\/(?:v1|v2-beta)(?:\/projects\/(?<projectId>1a\d+))?(?:\/schemas)?)?$/;

/**
 * Reads a Rancher 1.6 address in any spelling operators use (`http://host:8080`, `…/v1`, `…/v2-beta`, `…/v1/schemas`,
 * `…/v2-beta/projects/1a5`; a path in front, of a reverse proxy, is kept).
 * Throws SETTINGS_INVALID naming the reason; the address itself is not repeated, it may hold a password.
 */
export function parseApiUrl(url: string): ApiUrl {
  const parsed = URL.parse(url.trim());
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw invalid('it must begin with http:// or https:// and name a host, as in http://rancher:8080');
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalid('it must not hold credentials; give the access key and the secret key by themselves');
  }
  if (parsed.search !== '' || parsed.hash !== '') throw invalid('it must end with its path, without ? and #');

  const groups = spelling.exec(parsed.pathname.replace(/\/+$/, ''))?.groups;
  const prefix = groups?.['prefix'] ?? '';
  if (/\/v\d+(?:-[a-z]+)?(?:\/|$)/.test(prefix)) {
    throw invalid(`the path ${parsed.pathname} is none of Rancher 1.6; end it with /v2-beta`);
  }
  const projectId = groups?.['projectId'];
  return { base: `${parsed.origin}${prefix}/v2-beta`, ...(projectId === undefined ? {} : { projectId }) };
}

function invalid(reason: string): ServiceError {
  return new ServiceError('SETTINGS_INVALID', `the address of Rancher cannot be used: ${reason}`, { fieldName: 'url' });
}
