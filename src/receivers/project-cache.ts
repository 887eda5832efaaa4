import { ServiceError, hasCode } from '../domain/errors.ts';
import type { Rancher } from '../rancher/rancher.ts';
import type { GenericObject, Resource } from '../rancher/resources.ts';
import { ExpiringSet } from './expiring-set.ts';
import { RateLimit } from './rate-limit.ts';
import { ReceiverIndex } from './receiver-index.ts';
import { decode, isLiveObject, isReceiverObject, ordinal, receiverKind } from './stored-receiver.ts';
import type { Keeping, StoredReceiver } from './stored-receiver.ts';
import { hashKey, isHashedKey } from './trigger-key.ts';

/**
 * The cache is believed while the change stream was heard within this time. Rancher pings its subscribers every 5 s, so a
 * healthy quiet stream is silent for up to 5 s; half a ping more allows for a late one without calling every quiet stream dead.
 */
const longestSilenceMs = 7_500;
const unknownKeyTtlMs = 5_000;
const unknownKeysPerSecond = 20;
const ownWriteSettlesMs = 5_000;
const reloadAfterMs = 1_000;
/** Another installation may be in the middle of a replacement, and may still take it back. */
const supersededAfterMs = 30_000;

export interface ProjectCacheOptions {
  readonly projectId: string;
  readonly rancher: Rancher;
  readonly keeping: Keeping;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Told when the receivers could not be read; the cache goes on with single look-ups and tries again. */
  readonly onReloadFailed?: (error: unknown) => void;
  /** Told of objects that a newer one of the same receiver replaced long enough ago for it to be a crash's remains. */
  readonly onSuperseded?: (objectIds: readonly string[]) => void;
}

/**
 * The receivers of one project, kept up to date by the change stream. While the stream is silent or the first load is not
 * finished, every answer comes from Rancher instead: one `key` filter look-up for a trigger.
 */
export class ProjectCache {
  readonly #options: ProjectCacheOptions;
  readonly #unknownKeys: ExpiringSet;
  readonly #lookUpLimit: RateLimit;
  readonly #removed: ExpiringSet;
  readonly #ownWrites: ExpiringSet;
  readonly #lookUps = new Map<string, Promise<StoredReceiver | undefined>>();
  /** Objects of ours that are being read again, each until nothing was heard or written while it was. */
  readonly #readings = new Map<string, { isStale: boolean }>();
  readonly #stopWatching: () => void;
  #index = new ReceiverIndex();
  #isLoaded = false;
  #isClosed = false;
  #loads = 0;
  #changedWhileLoading = new Map<string, StoredReceiver | undefined>();
  #reloadTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;

  constructor(options: ProjectCacheOptions) {
    const { nowMs } = options;
    this.#options = options;
    this.#unknownKeys = new ExpiringSet({ ttlMs: unknownKeyTtlMs, most: 1_000, nowMs });
    this.#lookUpLimit = new RateLimit(unknownKeysPerSecond, nowMs);
    // Rancher lists a removed object as active for a moment; ids never come back, so ten minutes are plenty.
    this.#removed = new ExpiringSet({ ttlMs: 600_000, most: 10_000, nowMs });
    this.#ownWrites = new ExpiringSet({ ttlMs: ownWriteSettlesMs, most: 10_000, nowMs });
    this.#stopWatching = options.rancher.changes().watch({
      onChange: (resource) => {
        this.#noteChange(resource);
      },
      onResync: () => {
        this.#reload();
      },
    });
  }

  /** Whether answers come from memory. */
  isFresh(): boolean {
    return this.#isLoaded && this.#options.rancher.changes().silentForMs() <= longestSilenceMs;
  }

  /** @throws ServiceError OVERLOADED when too many unknown keys are asked for, or what the client throws. */
  async findByKey(key: string): Promise<StoredReceiver | undefined> {
    // A stored hash is no key: whoever reads one in Rancher cannot trigger with it.
    if (!/^[\w-]{1,255}$/.test(key) || isHashedKey(key)) return undefined;
    const hash = hashKey(key);
    const known = this.#index.findByKey(hash) ?? this.#index.findByKey(key);
    const isFresh = this.isFresh();
    if (isFresh && known !== undefined) return known;
    if (this.#unknownKeys.has(hash)) return undefined;
    const underWay = this.#lookUps.get(hash);
    if (underWay !== undefined) return await underWay;
    // A key that was valid a moment ago is not a guess: a storm of strangers must not shut the owners out.
    if (known === undefined && !this.#lookUpLimit.take()) {
      if (isFresh) return undefined;
      throw new ServiceError('OVERLOADED', 'too many unknown trigger keys are being tried; try again in a second', {
        retryAfterSeconds: 1,
      });
    }
    const lookUp = this.#lookUp(key, hash)
      .then((found) => {
        // Before the first load every key is looked up; only those that nobody has are worth limiting.
        if (found !== undefined) this.#lookUpLimit.giveBack();
        return found;
      })
      .finally(() => this.#lookUps.delete(hash));
    this.#lookUps.set(hash, lookUp);
    return await lookUp;
  }

  async findById(id: string): Promise<StoredReceiver | undefined> {
    return (await this.read()).findById(id);
  }

  /** Every receiver, from memory or freshly read; what we wrote ourselves is always in it. */
  async read(): Promise<ReceiverIndex> {
    return this.isFresh() ? this.#index : await this.readNow();
  }

  /** Every receiver as Rancher holds it now. */
  async readNow(): Promise<ReceiverIndex> {
    return new ReceiverIndex(this.#decodeLive(await this.#listObjects({ kind: receiverKind })));
  }

  /** Whether one receiver is there and not paused; asks for one object, not for all, when the cache is not fresh. */
  async isLive(id: string): Promise<boolean> {
    const known = this.#index.findById(id);
    if (this.isFresh()) return isRunning(known);
    try {
      const object = await this.#options.rancher.genericObjects.read(known?.objectId ?? id);
      const [receiver] = this.#decodeLive([object]);
      if (receiver?.id === id) return isRunning(receiver);
    } catch (error) {
      if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
    }
    // It may live on in another object: renamed or rotated elsewhere while we were not listening.
    return isRunning(await this.findById(id));
  }

  /** Live objects that Rancher holds now under a column filter, removed ones of ours left out. */
  async readObjects(filter: { readonly name: string } | { readonly key: string }): Promise<readonly StoredReceiver[]> {
    return this.#decodeLive(await this.#listObjects({ ...filter, kind: receiverKind }));
  }

  /** Takes over what we wrote ourselves, at once. */
  noteWritten(object: GenericObject): StoredReceiver {
    this.#ownWrites.add(object.id);
    this.#outdateReading(object.id);
    const receiver = decode(object, this.#options.projectId, this.#options.keeping);
    this.#apply(object.id, receiver);
    return receiver;
  }

  /** Forgets an object at once and for good, whatever the stream still says about it. */
  noteRemoved(objectId: string): void {
    this.#removed.add(objectId);
    this.#outdateReading(objectId);
    this.#apply(objectId, undefined);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#reloadTimer);
    clearTimeout(this.#sweepTimer);
    this.#stopWatching();
  }

  #noteChange(resource: Resource): void {
    if (!isReceiverObject(resource)) return;
    if (this.#ownWrites.has(resource.id)) {
      // The message may have been made before our write arrived; believing it would bring a paused receiver back to life.
      void this.#readAgain(resource.id);
      return;
    }
    this.#apply(resource.id, this.#decodeLive([resource])[0]);
  }

  /** One reading of an object at a time, so that the last to be applied is the last to have been read. */
  async #readAgain(objectId: string): Promise<void> {
    if (this.#outdateReading(objectId)) return;
    const reading = { isStale: false };
    this.#readings.set(objectId, reading);
    try {
      let receiver: StoredReceiver | undefined;
      do {
        reading.isStale = false;
        receiver = await this.#readObject(objectId);
      } while (reading.isStale && !this.#isClosed);
      this.#apply(objectId, receiver);
    } catch {
      // Whatever the reason: what lies there is not known, and all is read again.
      if (!this.#isClosed) this.#reload();
    } finally {
      this.#readings.delete(objectId);
    }
  }

  async #readObject(objectId: string): Promise<StoredReceiver | undefined> {
    try {
      return this.#decodeLive([await this.#options.rancher.genericObjects.read(objectId)])[0];
    } catch (error) {
      if (hasCode(error, 'RANCHER_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  /** What is being read of an object may be older than what happened to it now. Answers whether it is being read at all. */
  #outdateReading(objectId: string): boolean {
    const reading = this.#readings.get(objectId);
    if (reading !== undefined) reading.isStale = true;
    return reading !== undefined;
  }

  #apply(objectId: string, receiver: StoredReceiver | undefined): void {
    if (!this.#isLoaded) this.#changedWhileLoading.set(objectId, receiver);
    if (receiver === undefined) {
      this.#index.delete(objectId);
      return;
    }
    this.#index.set(receiver);
    const { storedKey } = receiver;
    this.#unknownKeys.delete(isHashedKey(storedKey) ? storedKey : hashKey(storedKey));
  }

  async #lookUp(key: string, hash: string): Promise<StoredReceiver | undefined> {
    // The hash first: nobody can store that of a key which he does not know.
    const isKnownPlain = this.#index.findByKey(hash) === undefined && this.#index.findByKey(key) !== undefined;
    const [first, second] = isKnownPlain ? ([key, hash] as const) : ([hash, key] as const);
    const found = (await this.#readByStoredKey(first)) ?? (await this.#readByStoredKey(second));
    if (found === undefined) {
      this.#unknownKeys.add(hash);
      return undefined;
    }
    const newest = this.#index.findById(found.id);
    if (newest !== undefined && ordinal(newest.objectId) > ordinal(found.objectId)) return undefined;
    this.#apply(found.objectId, found);
    return found;
  }

  async #readByStoredKey(storedKey: string): Promise<StoredReceiver | undefined> {
    const receivers = await this.readObjects({ key: storedKey });
    return new ReceiverIndex(receivers.filter((receiver) => receiver.storedKey === storedKey)).findByKey(storedKey);
  }

  #reload(): void {
    this.#isLoaded = false;
    this.#loads += 1;
    const load = this.#loads;
    this.#changedWhileLoading = new Map();
    clearTimeout(this.#reloadTimer);
    void this.#load(load);
  }

  async #load(load: number): Promise<void> {
    try {
      const index = new ReceiverIndex(this.#decodeLive(await this.#listObjects({ kind: receiverKind })));
      if (load !== this.#loads || this.#isClosed) return;
      for (const [objectId, receiver] of this.#changedWhileLoading) {
        if (receiver === undefined) index.delete(objectId);
        else index.set(receiver);
      }
      this.#changedWhileLoading = new Map();
      this.#index = index;
      this.#isLoaded = true;
      this.#watchSuperseded();
    } catch (error) {
      if (load !== this.#loads || this.#isClosed) return;
      this.#options.onReloadFailed?.(error);
      this.#reloadTimer = setTimeout(() => {
        this.#reload();
      }, reloadAfterMs).unref();
    }
  }

  #watchSuperseded(): void {
    const before = this.#index.superseded().map(({ objectId }) => objectId);
    if (before.length === 0) return;
    clearTimeout(this.#sweepTimer);
    this.#sweepTimer = setTimeout(() => {
      const now = new Set(this.#index.superseded().map(({ objectId }) => objectId));
      if (this.isFresh()) this.#options.onSuperseded?.(before.filter((objectId) => now.has(objectId)));
    }, supersededAfterMs).unref();
  }

  async #listObjects(filters: Readonly<Record<string, string>>): Promise<readonly GenericObject[]> {
    return await this.#options.rancher.genericObjects.list(filters);
  }

  #decodeLive(objects: readonly GenericObject[]): readonly StoredReceiver[] {
    return objects
      .filter((object) => isReceiverObject(object) && isLiveObject(object) && !this.#removed.has(object.id))
      .map((object) => decode(object, this.#options.projectId, this.#options.keeping));
  }
}

function isRunning(receiver: StoredReceiver | undefined): boolean {
  return receiver?.content.kind === 'usable' && receiver.content.receiver.state === 'active';
}
