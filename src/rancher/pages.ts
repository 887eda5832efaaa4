import { ServiceError } from '../domain/errors.ts';
import type { Operation } from './operations.ts';
import type { Resource } from './resources.ts';
import type { Filters } from './rancher.ts';

/** 1000 a page (Rancher's most is 3000, its default 100): 200 pages are more than any environment holds. */
const pageSize = 1_000;
const maxPages = 200;

// A list that changes again and again must not keep a trigger from its backoff.
const maxReadings = 3;

/** Reads the body of one page; `query` begins with `?`. */
export type ReadPage = (query: string) => Promise<unknown>;

/**
 * Reads a collection page by page, each a call with a time-out of its own. `pagination.next` is followed, but only its
 * query: Rancher may name itself by a host that is not reachable from here, and a next link must never lead the
 * credentials elsewhere. Its marker is an offset, so that a removal between two pages shifts the rest of the list over the
 * border and a living resource is in neither. Hence each page begins with the last row of the one before (any offset will
 * do: recording a_services_marker_m50_limit_10), and where it does not, the list is read anew.
 * Throws RANCHER_UNAVAILABLE when an answer is no collection, the pages do not end or the list does not keep still.
 */
export async function readPages(op: Operation, filters: Filters, readPage: ReadPage): Promise<readonly Resource[]> {
  for (let reading = 1; reading <= maxReadings; reading += 1) {
    const resources = await readOnce(op, filters, readPage);
    if (resources !== undefined) return resources;
  }
  throw malformed(op, `the list changed between its pages, ${String(maxReadings)} times in a row; ask again`);
}

/** Undefined when the list changed between two of its pages. */
async function readOnce(op: Operation, filters: Filters, readPage: ReadPage): Promise<readonly Resource[] | undefined> {
  const byId = new Map<string, Resource>();
  const seen = new Set<string>();
  let query: string | undefined = firstQuery(filters);
  let lastId: string | undefined;
  while (query !== undefined) {
    if (seen.has(query) || seen.size === maxPages) throw malformed(op, 'the pages of the list do not end');
    seen.add(query);
    const page: Page = readCollection(op, await readPage(query));
    if (lastId !== undefined && page.resources[0]?.id !== lastId) return undefined;
    for (const resource of page.resources) byId.set(resource.id, resource);
    lastId = page.resources.at(-1)?.id;
    query = page.nextQuery;
  }
  return [...byId.values()];
}

/** Whether `value` can be held as a resource: everything else about it is the reader's to judge. */
export function isResource(value: unknown): value is Resource {
  if (typeof value !== 'object' || value === null) return false;
  const { id, type } = value as Record<string, unknown>;
  return typeof id === 'string' && typeof type === 'string';
}

/** The error of a success whose body is not what the operation answers. */
export function malformed(op: Operation, reason: string): ServiceError {
  return new ServiceError('RANCHER_UNAVAILABLE', `cannot ${op}: ${reason}`);
}

interface Page {
  readonly resources: readonly Resource[];
  /** Of the page that begins with the last row of this one. */
  readonly nextQuery: string | undefined;
}

function firstQuery(filters: Filters): string {
  const parameters = Object.entries({ limit: String(pageSize), ...filters });
  return `?${parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`;
}

function readCollection(op: Operation, body: unknown): Page {
  const { data: members, pagination } = (body ?? {}) as { data?: unknown; pagination?: { next?: unknown } | null };
  if (!Array.isArray(members) || !members.every(isResource))
    throw malformed(op, 'the answer is not a list of resources');
  const next = pagination?.next;
  if (next === null || next === undefined || next === '') return { resources: members, nextQuery: undefined };
  const link =
    typeof next === 'string' ? /^[^?]*(\?(?:[^#]*&)?marker=m)([1-9]\d*)((?:&[^#]*)?)(?:#.*)?$/.exec(next) : null;
  // Without a row there is nothing that the next page could be held against.
  if (link === null || members.length === 0) throw malformed(op, 'the link to the next page cannot be followed');
  const [, before = '', offset, after = ''] = link;
  return { resources: members, nextQuery: `${before}${String(Number(offset) - 1)}${after}` };
}
