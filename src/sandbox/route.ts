/** Where a request goes: `/v2-beta[/projects/<id>]/<plural>[/<id>[/<link>]]`. */
export interface Route {
  readonly version: 'v1' | 'v2-beta';
  /** From the path, else the header, else the query (recordings a_services_global_path_with_*, g_proxy_get_receivers_header_a_query_b). */
  readonly projectId: string | undefined;
  /** URL up to the version or the project. */
  readonly base: string;
  /** The request's own URL without query and final slash. */
  readonly url: string;
  readonly query: string;
  readonly segments: readonly string[];
}

interface Target {
  readonly path: string;
  readonly host: string;
  readonly projectHeader: string | undefined;
}

/** Reads a request's target; undefined for what is no API version (recording g_unknown_version). */
export function readRoute({ path, host, projectHeader }: Target): Route | undefined {
  const [pathname, query] = cutAt(path, '?');
  const [version, ...rest] = pathname.split('/').filter((segment) => segment !== '');
  if (version !== 'v1' && version !== 'v2-beta') return undefined;

  const root = `http://${host}/${version}`;
  const url = [root, ...rest].join('/');
  if (rest[0] === 'projects' && rest[1] !== undefined && rest.length > 2) {
    return { version, projectId: rest[1], base: `${root}/projects/${rest[1]}`, url, query, segments: rest.slice(2) };
  }
  const projectId = projectHeader ?? new URLSearchParams(query).get('projectId') ?? undefined;
  return { version, projectId, base: root, url, query, segments: rest };
}

function cutAt(text: string, mark: string): readonly [string, string] {
  const cut = text.indexOf(mark);
  return cut === -1 ? [text, ''] : [text.slice(0, cut), text.slice(cut + 1)];
}
