import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ServiceError, hasCode } from '../domain/errors.ts';
import type { GenericObject } from '../rancher/resources.ts';
import type { OpenProject } from './projects.ts';
import type { Provenance } from './custody.ts';
import type { Receiver } from './receiver.ts';
import type { ReceiverSettings } from './receiver-settings.ts';
import { decode, encode, isLiveObject, ordinal, receiverKind } from './stored-receiver.ts';
import type { StoredReceiver } from './stored-receiver.ts';
import { newKey } from './trigger-key.ts';

/** The trigger URL of a key, as it is to be stored for the old service. */
export type TriggerUrl = (key: string) => string;

/** What the object of a receiver is to hold. */
export interface Draft {
  readonly settings: ReceiverSettings;
  readonly state: Receiver['state'];
  readonly triggerUrl: TriggerUrl;
  /** `ours`: whoever asks for this may do by hand what the receiver does. */
  readonly provenance: Provenance;
}

/** The object whose place a new one takes. */
export interface Replaced {
  readonly id: string;
  readonly uid: string | undefined;
  /** Absent: the new object gets a new key. */
  readonly key?: string;
  /** Only when the key itself is not known: its hash then moves on as it is. */
  readonly storedKey?: string;
  readonly resourceData: Readonly<Record<string, unknown>>;
}

const attempts = 4;
const pauseMs = 50;

/**
 * Makes the object of a new receiver, or the one that replaces `replaced`. Rancher knows no uniqueness, so the name is
 * looked for before and again after: of two installations racing, the one with the lower object id wins.
 * @throws ServiceError NAME_TAKEN, or what the client throws; nothing of it is left then.
 */
export async function createObject(project: OpenProject, draft: Draft, replaced?: Replaced): Promise<StoredReceiver> {
  const { name } = draft.settings;
  const others = await othersNamed(project, name, replaced?.id);
  if (others.length > 0) throw nameTaken(name);
  const key = replaced?.key ?? newKey();
  const storing = {
    projectId: project.projectId,
    key,
    ...(replaced?.storedKey === undefined ? {} : { storedKey: replaced.storedKey }),
    url: draft.triggerUrl(key),
    uid: replaced?.uid,
    state: draft.state,
    id: replaced?.id,
    provenance: draft.provenance,
  };
  const { storedKey, resourceData } = encode(draft.settings, storing, project.keeping.custody, replaced?.resourceData);
  const body = { kind: receiverKind, name, key: storedKey, resourceData };
  const isKeyNew = replaced?.key === undefined;
  const made = await createOnce(project, body, { replacedId: replaced?.id, isKeyNew });
  try {
    const rivals = await othersNamed(project, name, replaced?.id ?? made.id);
    if (rivals.some(({ objectId }) => ordinal(objectId) < ordinal(made.id))) throw nameTaken(name);
  } catch (error) {
    await takeBack(project, made.id);
    throw error;
  }
  return project.cache.noteWritten(made);
}

/** An object as Rancher holds it now, and the receiver that it holds. */
export interface LiveReceiver {
  readonly object: GenericObject;
  readonly receiver: StoredReceiver;
}

/** What one attempt came to; without a `failure` somebody else wrote at the same time. */
type UpdateResult =
  | { readonly isWritten: true; readonly receiver: StoredReceiver }
  | { readonly isWritten: false; readonly failure: ServiceError | undefined };

/**
 * Replaces `resourceData` of an object whole, and reads it back: Rancher has no compare-and-swap.
 * @throws ServiceError NOT_FOUND when it was removed meanwhile; what the client throws when another attempt would not help.
 */
export async function updateObject(
  project: OpenProject,
  { object, receiver }: LiveReceiver,
  draft: Draft,
): Promise<UpdateResult> {
  const { id, objectId, key, storedKey, uid } = receiver;
  const storing = {
    projectId: project.projectId,
    key,
    storedKey,
    url: draft.triggerUrl(key),
    uid,
    state: draft.state,
    provenance: draft.provenance,
    id: id === objectId ? undefined : id,
  };
  const { resourceData } = encode(draft.settings, storing, project.keeping.custody, object.resourceData ?? {});
  let failure: ServiceError | undefined;
  try {
    await project.rancher.genericObjects.update(objectId, { resourceData });
  } catch (error) {
    // Rancher answers 409 now and then to a lone writer (recording d_concurrent_updates), and a lost answer may have been a yes.
    const isPassing = hasCode(error) && (error.code === 'RANCHER_CONFLICT' || error.details.applied === 'unknown');
    if (!isPassing) throw error;
    failure = error;
  }
  const after = await readLive(project, objectId);
  if (after === undefined) throw receiverGone(id);
  return isDeepStrictEqual(withoutAbsent(after.object.resourceData), withoutAbsent(resourceData))
    ? { isWritten: true, receiver: project.cache.noteWritten(after.object) }
    : { isWritten: false, failure };
}

/** Removes an object and makes sure of it; its key is dead here at once, and stays so whatever Rancher still lists. */
export async function removeObject(project: OpenProject, objectId: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await project.rancher.genericObjects.remove(objectId);
      break;
    } catch (error) {
      if (hasCode(error, 'RANCHER_NOT_FOUND')) break;
      const isPassing = hasCode(error, 'RANCHER_CONFLICT', 'RANCHER_UNAVAILABLE', 'RANCHER_RATE_LIMITED');
      if (!isPassing || attempt === attempts) throw error;
      await delay(pauseMs * attempt);
    }
  }
  project.cache.noteRemoved(objectId);
}

/** An object as Rancher holds it now; undefined when it is removed: Rancher would still take and store a PUT (recording d_update_after_delete). */
export async function readLive(project: OpenProject, objectId: string): Promise<LiveReceiver | undefined> {
  try {
    const object = await project.rancher.genericObjects.read(objectId);
    if (isLiveObject(object) && object.kind === receiverKind) {
      return { object, receiver: decode(object, project.projectId, project.keeping) };
    }
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
  }
  project.cache.noteRemoved(objectId);
  return undefined;
}

/**
 * Removes objects once no answer can be outstanding any more. Left alone, a create whose caller was told that nothing was
 * made would be a receiver nobody asked for, or, after a rotation, the newest object of one whose owner holds the other key.
 */
export function removeLater(
  project: OpenProject,
  findObjectIds: () => readonly string[] | Promise<readonly string[]>,
): void {
  const remove = async (): Promise<void> => {
    for (const objectId of await findObjectIds()) await removeObject(project, objectId);
  };
  setTimeout(() => {
    project.writes.run(remove).catch((error: unknown) => {
      project.onWriteLost(error);
    });
  }, project.lateWriteMs).unref();
}

/** The error for a receiver that is not there; the old service's words. */
export function receiverGone(id: string): ServiceError {
  return new ServiceError(
    'NOT_FOUND',
    `Webhook not found; there is no receiver ${id.slice(0, 64)} in this environment`,
  );
}

async function othersNamed(
  project: OpenProject,
  name: string,
  ownId: string | undefined,
): Promise<readonly StoredReceiver[]> {
  const named = await project.cache.readObjects({ name });
  // A database may find more than was asked for: MySQL compares without case and trailing blanks.
  return named.filter((receiver) => receiver.name === name && receiver.id !== ownId && receiver.objectId !== ownId);
}

async function createOnce(
  project: OpenProject,
  body: { readonly key: string; readonly name: string },
  { replacedId, isKeyNew }: { readonly replacedId: string | undefined; readonly isKeyNew: boolean },
): Promise<GenericObject> {
  const { rancher } = project;
  try {
    return await rancher.genericObjects.create(body);
  } catch (error) {
    if (!hasCode(error) || error.details.applied !== 'unknown') throw error;
    await delay(pauseMs);
    const found = await project.cache.readObjects({ key: body.key });
    const made = found.find(({ name, id, objectId }) => name === body.name && id === (replacedId ?? objectId));
    if (made === undefined) {
      if (isKeyNew)
        removeLater(project, async () => (await project.cache.readObjects({ key: body.key })).map(objectIdOf));
      throw error;
    }
    return await rancher.genericObjects.read(made.objectId);
  }
}

/** What was made is not kept: its maker is told so. */
async function takeBack(project: OpenProject, objectId: string): Promise<void> {
  try {
    await removeObject(project, objectId);
  } catch (error) {
    if (!hasCode(error)) throw error;
    // Until then it must not be taken for the newest object of a receiver whose owner holds the other key.
    project.cache.noteRemoved(objectId);
    removeLater(project, () => [objectId]);
  }
}

/** JSON leaves out what is undefined; compare what was stored with what was meant, not with how it was spelt. */
function withoutAbsent(resourceData: unknown): unknown {
  return JSON.parse(JSON.stringify(resourceData ?? {}));
}

function nameTaken(name: string): ServiceError {
  return new ServiceError(
    'NAME_TAKEN',
    `Cannot have duplicate webhook name, webhook ${name} already exists; choose another name`,
    { fieldName: 'name' },
  );
}

const objectIdOf = ({ objectId }: StoredReceiver): string => objectId;
