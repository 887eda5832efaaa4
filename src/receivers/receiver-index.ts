import { ordinal } from './stored-receiver.ts';
import type { StoredReceiver } from './stored-receiver.ts';

/**
 * The receivers of one project by object, by id and by key, so that a look-up costs the same with ten and with ten thousand.
 * Two objects with one receiver id are a replacement that was cut short: the newer object is the receiver, and the older
 * one's key is dead. Two receivers with one key are somebody's copy: the one that was born first keeps it.
 */
export class ReceiverIndex {
  readonly #objects = new Map<string, StoredReceiver>();
  readonly #byId = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, Set<string>>();

  constructor(receivers: Iterable<StoredReceiver> = []) {
    for (const receiver of receivers) this.set(receiver);
  }

  set(receiver: StoredReceiver): void {
    this.delete(receiver.objectId);
    this.#objects.set(receiver.objectId, receiver);
    enter(this.#byId, receiver.id, receiver.objectId);
    enter(this.#byKey, receiver.storedKey, receiver.objectId);
  }

  delete(objectId: string): void {
    const before = this.#objects.get(objectId);
    if (before === undefined) return;
    this.#objects.delete(objectId);
    leave(this.#byId, before.id, objectId);
    leave(this.#byKey, before.storedKey, objectId);
  }

  /** By the key as Rancher holds it. */
  findByKey(storedKey: string): StoredReceiver | undefined {
    return this.#all(this.#byKey.get(storedKey))
      .filter((receiver) => this.findById(receiver.id)?.objectId === receiver.objectId)
      .toSorted((a, b) => ordinal(a.id) - ordinal(b.id) || ordinal(a.objectId) - ordinal(b.objectId))[0];
  }

  findById(id: string): StoredReceiver | undefined {
    return this.objectsOf(id).at(-1);
  }

  /** Every object of one receiver, oldest first; more than one only after a replacement was cut short. */
  objectsOf(id: string): readonly StoredReceiver[] {
    return this.#all(this.#byId.get(id)).toSorted((a, b) => ordinal(a.objectId) - ordinal(b.objectId));
  }

  /** One entry a receiver, in the order of their birth. */
  list(): readonly StoredReceiver[] {
    return [...this.#byId.keys()]
      .flatMap((id) => this.findById(id) ?? [])
      .toSorted((a, b) => ordinal(a.id) - ordinal(b.id));
  }

  /** Objects that a newer one of the same receiver has replaced. */
  superseded(): readonly StoredReceiver[] {
    return [...this.#byId.values()]
      .filter(({ size }) => size > 1)
      .flatMap((objects) =>
        this.#all(objects)
          .toSorted((a, b) => ordinal(a.objectId) - ordinal(b.objectId))
          .slice(0, -1),
      );
  }

  #all(objectIds: ReadonlySet<string> = new Set()): StoredReceiver[] {
    return [...objectIds].flatMap((objectId) => this.#objects.get(objectId) ?? []);
  }
}

function enter(index: Map<string, Set<string>>, name: string, objectId: string): void {
  const entries = index.get(name);
  if (entries === undefined) index.set(name, new Set([objectId]));
  else entries.add(objectId);
}

function leave(index: Map<string, Set<string>>, name: string, objectId: string): void {
  const entries = index.get(name);
  entries?.delete(objectId);
  if (entries?.size === 0) index.delete(name);
}
