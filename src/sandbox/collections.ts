import { columnValue, compare, passes, readFilters } from './filters.ts';
import type { Filter } from './filters.ts';
import { resourceTypes } from './resource-types.ts';
import type { Cattle, ResourceType } from './resource-type.ts';
import type { Row } from './store.ts';
import { included, view } from './view.ts';
import type { Scope } from './view.ts';

export interface Listing {
  readonly type: ResourceType;
  /** The collection's URL without its query. */
  readonly url: string;
  /** The query as it arrived, without the question mark. */
  readonly query: string;
  readonly scope: Scope;
  /** Given the filters, so that an index can be used. */
  readonly rows: (filters: readonly Filter[]) => Iterable<Row>;
}

const defaultLimit = 100;
const maximumLimit = 3_000;

/**
 * One page of a collection (recordings a_*): the marker is an offset, the limit is 100 unless asked, anything from -1 to
 * beyond 3,000 means 3,000, and what Rancher does not understand it ignores.
 */
export function collection(cattle: Cattle, { type, url, query, scope, rows }: Listing): object {
  const asked = new URLSearchParams(query);
  const filters = readFilters(type, query);
  const limit = readLimit(asked.get('limit'));
  const offset = Number(/^m(\d+)$/.exec(asked.get('marker') ?? '')?.[1] ?? 0);
  const sort = type.columns.find((column) => column === asked.get('sort'));
  const order = asked.get('order')?.toLowerCase() === 'desc' ? 'desc' : 'asc';

  const matching =
    sort === undefined
      ? firstOf(type, rows(filters), { filters, enough: offset + limit + 1 })
      : sorted(type, rows(filters), { filters, sort, order });
  const page = matching.slice(offset, offset + limit);
  const isPartial = matching.length > offset + limit;
  return {
    type: 'collection',
    resourceType: type.id,
    links: { self: url },
    createTypes: createTypes(type, scope),
    actions: {},
    data: page.map((row) => withIncluded(cattle, row, { scope, links: asked.getAll('include') })),
    sortLinks: Object.fromEntries(type.columns.map((column) => [column, `${url}?${extended(query, 'sort', column)}`])),
    pagination:
      type.id === 'project'
        ? null
        : {
            first: null,
            previous: null,
            next: isPartial ? `${url}?${extended(query, 'marker', `m${String(offset + limit)}`)}` : null,
            limit,
            total: null,
            partial: isPartial,
          },
    sort:
      sort === undefined
        ? null
        : { name: sort, reverse: `${url}?${extended(query, 'order', order === 'asc' ? 'desc' : 'asc')}`, order },
    filters: describeFilters(type, filters),
    createDefaults: {},
  };
}

function firstOf(
  type: ResourceType,
  rows: Iterable<Row>,
  { filters, enough }: { readonly filters: readonly Filter[]; readonly enough: number },
): Row[] {
  const found: Row[] = [];
  for (const row of rows) {
    if (!filters.every((filter) => passes(type, row, filter))) continue;
    found.push(row);
    if (found.length >= enough) break;
  }
  return found;
}

function sorted(
  type: ResourceType,
  rows: Iterable<Row>,
  {
    filters,
    sort,
    order,
  }: { readonly filters: readonly Filter[]; readonly sort: string; readonly order: 'asc' | 'desc' },
): Row[] {
  const direction = order === 'asc' ? 1 : -1;
  return [...rows]
    .filter((row) => filters.every((filter) => passes(type, row, filter)))
    .sort((left, right) => {
      const byColumn = compare(columnValue(type, left, sort) ?? '', columnValue(type, right, sort) ?? '');
      return direction * (byColumn === 0 ? left.number - right.number : byColumn);
    });
}

function withIncluded(
  cattle: Cattle,
  row: Row,
  { scope, links }: { readonly scope: Scope; readonly links: readonly string[] },
): object {
  const shown = view(row, scope);
  for (const link of links) shown[link] = included(cattle, row, { link, scope });
  return shown;
}

function readLimit(asked: string | null): number {
  const limit = Number.parseInt(asked ?? '', 10);
  if (Number.isNaN(limit)) return defaultLimit;
  return limit < 1 || limit > maximumLimit ? maximumLimit : limit;
}

/** Cuts a parameter out of the query and appends it anew; Rancher leaves `?&limit=10` behind (recording a_services_marker_m50_limit_10). */
function extended(query: string, name: string, value: string): string {
  const left = query.replace(new RegExp(`(^|&)${name}=[^&]*`), '');
  return left === '' ? `${name}=${value}` : `${left}&${name}=${value}`;
}

function createTypes(type: ResourceType, { base, role }: Scope): Record<string, string> {
  if (type.id === 'project') return {};
  const creatable = resourceTypes.filter(
    (other) => other.baseType === type.baseType && other.methods(role).collection.includes('POST'),
  );
  return Object.fromEntries(creatable.map((other) => [other.id, `${base}/${other.plural.toLowerCase()}`]));
}

function describeFilters(type: ResourceType, filters: readonly Filter[]): Record<string, unknown> {
  return Object.fromEntries(
    type.columns.map((column) => {
      const given = filters.filter((filter) => filter.column === column);
      return [column, given.length === 0 ? null : given.map(({ modifier, value }) => ({ modifier, value }))];
    }),
  );
}
