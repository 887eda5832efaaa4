import { ServiceError } from '../domain/errors.ts';
import type { Operation } from './operations.ts';
import type { Resource } from './resources.ts';
import type { Filters } from './rancher.ts';

/** 1000 a page (Rancher's most is 3000, its default 100): 200 pages are more than any environment holds. */
const pageSize = 1_000;
const maxPages = 200;

/** Reads the body of one page; `query` begins with `?`. */
export type ReadPage = (query: string) => Promise<unknown>;

/**
 * Reads a collection page by page, each a call with a time-out of its own. `pagination.next` is followed as it is, but
 * only its query: Rancher may name itself by a host that is not reachable from here, and a next link must never lead the
 * credentials elsewhere. Pages are offsets: a change between two reads shifts them, so an id seen twice counts once.
 * Throws RANCHER_UNAVAILABLE when an answer is no collection or the pages do not end.
 */
export async function readPages(op: Operation, filters: Filters, readPage: ReadPage): Promise<readonly Resource[]> {
  const byId = new Map<string, Resource>();
  const seen = new Set<string>();
  let query: string | undefined = firstQuery(filters);
  while (query !== undefined) {
    if (seen.has(query) || seen.size === maxPages) throw malformed(op, 'the pages of the list do not end');
    seen.add(query);
    const page: Page = readCollection(op, await readPage(query));
    for (const resource of page.resources) byId.set(resource.id, resource);
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
  const start = typeof next === 'string' ? next.indexOf('?') : -1;
  if (typeof next !== 'string' || start === -1) throw malformed(op, 'the link to the next page cannot be followed');
  return { resources: members, nextQuery: next.slice(start).replace(/#.*$/, '') };
}
