import { randomUUID } from 'node:crypto';

/** One stored resource. Public fields are those its resource type declares; the others never leave the sandbox. */
export interface Row {
  readonly id: string;
  readonly number: number;
  readonly accountId: string;
  readonly type: string;
  readonly baseType: string;
  readonly uuid: string;
  readonly createdTS: number;
  readonly key?: string | null;
  name: string | null;
  kind: string;
  state: string;
  transitioning: 'yes' | 'no' | 'error';
  transitioningMessage: string | null;
  removedTS: number | null;
  [field: string]: unknown;
}

/** What a new row starts from; the table adds identity and times. */
export interface NewRow {
  readonly accountId: string;
  readonly type: string;
  readonly name: string | null;
  readonly kind: string;
  readonly state: string;
  readonly [field: string]: unknown;
}

const removedRowsKept = 5_000;

/** The rows of one base type, with an index for lists of one account and one for `key`, so that 10,000 objects stay fast. */
export class Table<T extends Row = Row> {
  readonly baseType: string;
  private readonly prefix: string;
  private nextNumber: number;
  private readonly rows = new Map<number, T>();
  private readonly living = new Map<string, Map<number, T>>();
  private readonly keyed = new Map<string, Map<number, T>>();
  private readonly removed: number[] = [];

  constructor(baseType: string, prefix: string, firstNumber: number) {
    this.baseType = baseType;
    this.prefix = prefix;
    this.nextNumber = firstNumber;
  }

  add(fields: NewRow & Partial<T>, number = this.nextNumber): T {
    this.nextNumber = Math.max(this.nextNumber, number + 1);
    const row = {
      transitioning: 'no',
      transitioningMessage: null,
      removedTS: null,
      ...fields,
      id: `${this.prefix}${String(number)}`,
      number,
      baseType: this.baseType,
      uuid: randomUUID(),
      createdTS: Date.now(),
    } as unknown as T;
    this.rows.set(number, row);
    within(this.living, row.accountId).set(number, row);
    if (typeof row.key === 'string') within(this.keyed, keyIndex(row.accountId, row.key)).set(number, row);
    return row;
  }

  /** Finds by id, removed rows included. The letters of the prefix are ignored, as in Rancher (recording g_id_of_other_type). */
  find(id: string): T | undefined {
    const digits = /^1[a-z]+(\d+)$/.exec(id)?.[1];
    return digits === undefined ? undefined : this.rows.get(Number(digits));
  }

  /** Rows of an account that are not removed, oldest first. */
  list(accountId: string): Iterable<T> {
    return this.living.get(accountId)?.values() ?? [];
  }

  listWithKey(accountId: string, key: string): Iterable<T> {
    return this.keyed.get(keyIndex(accountId, key))?.values() ?? [];
  }

  *all(): Iterable<T> {
    for (const rows of this.living.values()) yield* rows.values();
  }

  /** Takes a row out of the lists; reading it by its id goes on working (recordings d_read_after_delete, b_service_removed_get). */
  retire(row: T): void {
    this.living.get(row.accountId)?.delete(row.number);
    if (typeof row.key === 'string') {
      const index = keyIndex(row.accountId, row.key);
      const rows = this.keyed.get(index);
      rows?.delete(row.number);
      if (rows?.size === 0) this.keyed.delete(index);
    }
    this.removed.push(row.number);
    // A day of storms removes containers without end; memory has to stay flat.
    if (this.removed.length > removedRowsKept) this.rows.delete(this.removed.shift() as number);
  }
}

function within<T>(index: Map<string, Map<number, T>>, key: string): Map<number, T> {
  const found = index.get(key);
  if (found !== undefined) return found;
  const made = new Map<number, T>();
  index.set(key, made);
  return made;
}

function keyIndex(accountId: string, key: string): string {
  return `${accountId} ${key}`;
}
