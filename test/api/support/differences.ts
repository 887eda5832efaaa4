/** One place where our answer is not what was recorded. */
export interface Difference {
  /** `status`, `header content-type`, `.data.receiver.resourceFields.state.type`. */
  readonly path: string;
  readonly theirs: unknown;
  readonly ours: unknown;
}

interface Whole {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Undefined when there was none. */
  readonly body: unknown;
}

/** Every difference, however small: the status, each recorded header, and each field at any depth. More fields of ours are none. */
export function differences(theirs: Whole, ours: Whole): readonly Difference[] {
  const found: Difference[] = [];
  compare(found, 'status', theirs.status, ours.status);
  for (const [name, value] of Object.entries(theirs.headers)) {
    compare(found, `header ${name}`, value, ours.headers[name]);
  }
  if (theirs.body === undefined) compare(found, 'body', undefined, ours.body);
  else walk(found, '', theirs.body, ours.body);
  return found;
}

function walk(found: Difference[], path: string, theirs: unknown, ours: unknown): void {
  if (Array.isArray(theirs)) walkList(found, path, theirs as readonly unknown[], ours);
  else if (typeof theirs !== 'object' || theirs === null) compare(found, path, theirs, ours);
  else if (typeof ours !== 'object' || ours === null) compare(found, path, theirs, ours);
  else
    for (const [field, value] of Object.entries(theirs))
      walk(found, `${path}.${field}`, value, (ours as Record<string, unknown>)[field]);
}

/** What both lists hold is matched by id, or by value; what is missing here, and another order, are differences. */
function walkList(found: Difference[], path: string, theirs: readonly unknown[], ours: unknown): void {
  const list: readonly unknown[] = Array.isArray(ours) ? ours : [];
  const places = theirs.map((item) => list.findIndex((candidate) => nameOf(candidate) === nameOf(item)));
  for (const [index, item] of theirs.entries()) {
    const place = places[index] ?? -1;
    if (place === -1) compare(found, `${path}[${nameOf(item)}]`, item, undefined);
    else walk(found, `${path}[${nameOf(item)}]`, item, list[place]);
  }
  const matched = places.filter((place) => place !== -1);
  // Schemas are looked up by id; every other list has an order that means something.
  if (theirs.every(isSchema)) return;
  compare(found, `${path} in order`, matched.toSorted((a, b) => a - b).join(), matched.join());
}

function isSchema(item: unknown): boolean {
  return (item as { readonly type?: unknown } | null)?.type === 'schema';
}

function nameOf(item: unknown): string {
  const id = (item as { readonly id?: unknown } | null)?.id;
  return typeof id === 'string' ? id : JSON.stringify(item);
}

function compare(found: Difference[], path: string, theirs: unknown, ours: unknown): void {
  if (JSON.stringify(theirs) !== JSON.stringify(ours)) found.push({ path, theirs, ours });
}
