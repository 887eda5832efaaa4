import type { ResourceType } from './resource-type.ts';
import type { Row } from './store.ts';
import { asText } from './text.ts';
import { rancherDate } from './view.ts';

/** One condition of a list, as Rancher repeats it in the answer's `filters`. */
export interface Filter {
  readonly column: string;
  readonly modifier: string;
  readonly value: string | null;
}

const modifiers = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'prefix', 'like', 'notlike', 'null', 'notnull'];

/**
 * Reads the filters of a query. Only database columns filter; anything else is ignored without a word (recordings
 * a_services_filter_scale, a_hosts_filter_hostname_unset), and two values of one column must both hold (a_services_filter_name_two_values).
 */
export function readFilters(type: ResourceType, query: string): readonly Filter[] {
  return query.split('&').flatMap((part) => {
    const cut = part.indexOf('=');
    const name = decoded(cut === -1 ? part : part.slice(0, cut));
    const value = cut === -1 ? null : decoded(part.slice(cut + 1));
    const { column, modifier } = split(type, name);
    if (column === undefined) return [];
    return [{ column, modifier, value: isReference(type, column) ? withoutPrefix(value) : value }];
  });
}

/** Whether a row passes a filter; text is compared exactly, upper and lower case apart (H2, recording a_services_filter_name_case). */
export function passes(type: ResourceType, row: Row, { column, modifier, value }: Filter): boolean {
  const actual = columnValue(type, row, column);
  const wanted = value ?? '';
  switch (modifier) {
    case 'null':
      return actual === null;
    case 'notnull':
      return actual !== null;
    case 'ne':
      return actual !== wanted;
    case 'prefix':
      return actual?.startsWith(wanted) === true;
    case 'like':
      return actual !== null && likePattern(wanted).test(actual);
    case 'notlike':
      return actual !== null && !likePattern(wanted).test(actual);
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return actual !== null && ordered(compare(actual, wanted), modifier);
    default:
      return actual === wanted;
  }
}

/** A column as text, as the database would compare it: references and ids without their prefix. */
export function columnValue(type: ResourceType, row: Row, column: string): string | null {
  if (column === 'id') return String(row.number);
  if (column === 'created') return rancherDate(row.createdTS);
  if (column === 'removed') return row.removedTS === null ? null : rancherDate(row.removedTS);
  const value = row[column];
  if (value === null || value === undefined) return null;
  return isReference(type, column) ? withoutPrefix(asText(value)) : asText(value);
}

/** Orders two column values: numbers by size, the rest as text. */
export function compare(left: string, right: string): number {
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) return Number(left) - Number(right);
  return left < right ? -1 : left > right ? 1 : 0;
}

function split(type: ResourceType, name: string): { readonly column: string | undefined; readonly modifier: string } {
  if (type.columns.includes(name)) return { column: name, modifier: 'eq' };
  const cut = name.lastIndexOf('_');
  const column = name.slice(0, Math.max(0, cut));
  const modifier = name.slice(cut + 1);
  return { column: type.columns.includes(column) && modifiers.includes(modifier) ? column : undefined, modifier };
}

function isReference(type: ResourceType, column: string): boolean {
  return type.fields[column]?.type.startsWith('reference[') === true;
}

function withoutPrefix<T extends string | null>(id: T): T | string {
  return id === null ? id : (/^1[a-z]+(\d+)$/.exec(id)?.[1] ?? id);
}

function ordered(difference: number, modifier: 'lt' | 'lte' | 'gt' | 'gte'): boolean {
  if (modifier === 'lt') return difference < 0;
  if (modifier === 'lte') return difference <= 0;
  return modifier === 'gt' ? difference > 0 : difference >= 0;
}

/** SQL's LIKE: `%` for any text, `_` for one character. */
function likePattern(like: string): RegExp {
  const escaped = like.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/%/g, '.*').replace(/_/g, '.')}$`, 's');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return text;
  }
}
