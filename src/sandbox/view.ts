import { typeNamed } from './resource-types.ts';
import type { Role } from './accounts.ts';
import type { Cattle, ResourceType } from './resource-type.ts';
import type { Row } from './store.ts';

/** Where an answer's links point to, and for whose eyes it is. */
export interface Scope {
  /** URL up to and including the version or the project, without a final slash. */
  readonly base: string;
  readonly role: Role;
}

const fieldOrder = new Map<string, readonly string[]>();

/** A resource as the API shows it: identity, links, offered actions, then its fields, `name` and `state` first. */
export function view(row: Row, scope: Scope): Record<string, unknown> {
  const type = typeOf(row);
  const self = selfUrl(type, row, scope);
  const shown: Record<string, unknown> = {
    id: row.id,
    type: row.type,
    links: Object.fromEntries([['self', self], ...type.links.map((link) => [link, `${self}/${link.toLowerCase()}`])]),
    actions: Object.fromEntries(
      offeredActions(type, row, scope.role).map((action) => [action, `${self}/?action=${action.toLowerCase()}`]),
    ),
    baseType: row.baseType,
  };
  for (const name of fieldsInOrder(type)) {
    if (type.hides?.(name, scope.role, row) !== true) addField(shown, row, name);
  }
  return shown;
}

/** The actions the sandbox carries out among those the real server offers; none for who may only read. */
export function offeredActions(type: ResourceType, row: Row, role: Role): readonly string[] {
  if (!type.methods(role).resource.includes('PUT')) return [];
  return type.offers(row).filter((action) => action in type.actions);
}

/** What stands behind a link, ready to be included in a resource (recording a_services_include_stack). */
export function included(
  cattle: Cattle,
  row: Row,
  { link, scope }: { readonly link: string; readonly scope: Scope },
): unknown {
  const { follow = {} } = typeOf(row);
  // The link's name comes from a query: `__proto__` must not find anything.
  const found = Object.hasOwn(follow, link) ? follow[link]?.(cattle, row) : undefined;
  if (found === undefined) return null;
  if ('listOf' in found) return [...found.rows].map((linked) => view(linked, scope));
  return found.one === undefined ? null : view(found.one, scope);
}

/** @throws Error when a row was stored with a type nobody registered */
function typeOf(row: Row): ResourceType {
  const type = typeNamed(row.type);
  if (type === undefined) throw new Error(`no resource type is registered for "${row.type}"`);
  return type;
}

function selfUrl(type: ResourceType, row: Row, { base }: Scope): string {
  // A project is no part of a project: its own links leave the project's path out.
  const root = type.id === 'project' ? base.replace(/\/projects\/[^/]+$/, '') : base;
  return `${root}/${type.plural.toLowerCase()}/${row.id}`;
}

function addField(shown: Record<string, unknown>, row: Row, name: string): void {
  if (name === 'created') {
    shown['created'] = rancherDate(row.createdTS);
    shown['createdTS'] = row.createdTS;
  } else if (name === 'removed') {
    shown['removed'] = row.removedTS === null ? null : rancherDate(row.removedTS);
    if (row.removedTS !== null) shown['removedTS'] = row.removedTS;
  } else {
    shown[name] = row[name] ?? null;
  }
}

function fieldsInOrder(type: ResourceType): readonly string[] {
  const known = fieldOrder.get(type.id);
  if (known !== undefined) return known;
  const rest = Object.keys(type.fields).filter((name) => name !== 'name' && name !== 'state');
  const order = ['name', 'state', ...rest.sort()];
  fieldOrder.set(type.id, order);
  return order;
}

/** Rancher's dates have no fraction of a second. */
export function rancherDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
