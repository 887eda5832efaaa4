import type { Accounts, Caller, Role } from './accounts.ts';
import type { Body } from './body.ts';
import type { Fields } from './fields.ts';
import type { MachineRules } from './machines/machine-rules.ts';
import type { Row, Table } from './store.ts';
import type { Timeline } from './timeline.ts';

/** What the resource types share: the stored rows, the passing of time and who is told of changes. */
export interface Cattle {
  readonly accounts: Accounts;
  readonly timeline: Timeline;
  readonly machines: MachineRules;
  /** @throws Error for a base type that no registered resource type has */
  table<T extends Row = Row>(baseType: string): Table<T>;
  /** Tells the change stream that a row is different now. */
  changed(row: Row): void;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Methods {
  readonly collection: readonly Method[];
  readonly resource: readonly Method[];
}

/** What stands behind a link of a resource: one row if it exists, or a list with the type the list is of. */
type Linked = { readonly one: Row | undefined } | { readonly listOf: string; readonly rows: Iterable<Row> };

/** A type of Rancher resource. One module each, registered in `resource-types.ts`; nothing else has to know it. */
export interface ResourceType {
  /** The schema's id, and the `type` in answers. */
  readonly id: string;
  readonly plural: string;
  readonly baseType: string;
  readonly idPrefix: string;
  readonly firstNumber: number;
  readonly fields: Fields;
  /** The database columns: only these filter and sort, everything else in a query is ignored (README, row 19). */
  readonly columns: readonly string[];
  readonly links: readonly string[];
  /** The share of overlapping PUTs to one resource that answer 409 (recordings b_put_scale_two_racing, d_concurrent_updates). */
  readonly overlapConflictShare: number;
  /** States in which a PUT answers 409 for ever (recordings b_put_scale_removed, e_put_labels_purged). */
  readonly frozenStates: readonly string[];
  methods(role: Role): Methods;
  /** Every action the real server knows for this type; an unknown one is InvalidAction, a known one ActionNotAvailable. */
  readonly knownActions: readonly string[];
  /** The actions the real server offers in the row's state; only those that `actions` simulates are shown. */
  offers(row: Row): readonly string[];
  readonly actions: Readonly<Record<string, Action>>;
  /** Rows for a list; by default those of the caller's account. */
  readonly visible?: (cattle: Cattle, caller: Caller) => Iterable<Row>;
  /** A field that the role does not get to see; of this row, or in the schema when there is none. */
  readonly hides?: (field: string, role: Role, row?: Row) => boolean;
  readonly create?: (cattle: Cattle, values: Body, accountId: string) => Row;
  /** `values` are already accepted by the fields of the type that the path names, which may differ from the row's own type. */
  readonly update?: (cattle: Cattle, row: Row, values: Body) => void;
  readonly remove?: (cattle: Cattle, row: Row) => void;
  readonly follow?: Readonly<Record<string, (cattle: Cattle, row: Row) => Linked>>;
}

interface Action {
  /** 202 for almost all; evacuate answers 200 (recording e_evacuate). */
  readonly status: number;
  run(cattle: Cattle, row: Row, body: Body): void;
}

const everything: Methods = { collection: ['GET', 'POST'], resource: ['GET', 'PUT', 'DELETE'] };

/** Rights to read and nothing else. */
export const readOnly: Methods = { collection: ['GET'], resource: ['GET'] };

/** Everybody may write except `readonly` (recordings d_create_as_*, g_put_scale_as_*). */
export function writableByMembers(role: Role): Methods {
  return role === 'readonly' ? readOnly : everything;
}
