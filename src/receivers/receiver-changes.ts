import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ServiceError, hasCode } from '../domain/errors.ts';
import type { Custody } from './custody.ts';
import type { OpenProject } from './projects.ts';
import type { ReceiverSettings } from './receiver-settings.ts';
import { createObject, readLive, receiverGone, removeLater, removeObject, updateObject } from './receiver-writes.ts';
import type { Draft, LiveReceiver, TriggerUrl } from './receiver-writes.ts';
import { isReceiverObject } from './stored-receiver.ts';
import type { StoredReceiver } from './stored-receiver.ts';
import { isHashedKey } from './trigger-key.ts';

/** What is to become of a receiver. */
export interface Decision extends Omit<Draft, 'triggerUrl'> {
  /** `nothing`: it is so already; `everything`: its name, too, and its key as `TRIGGER_KEYS` says. */
  readonly write: 'nothing' | 'content' | 'everything' | 'new key';
}

/** Says whether the caller may have a receiver that does this; what it throws ends the change, and nothing is written. */
export type Agree = (settings: ReceiverSettings) => Promise<void>;

export interface Change {
  /** Asked about the receiver as Rancher holds it now, and again when it is another one before anything is written. */
  readonly decide: (now: StoredReceiver) => Decision;
  readonly agree: Agree | undefined;
  readonly triggerUrl: TriggerUrl;
}

/** One of them goes for asking whether the caller may. */
const attempts = 5;
const pauseMs = 50;

/**
 * Changes one receiver. What is decided on and agreed to is what Rancher holds, not what the cache remembers: another
 * installation's change is heard up to a second late, and deciding by the older state would take it back.
 * @throws ServiceError NOT_FOUND, NAME_TAKEN, RANCHER_CONFLICT when somebody else writes it at the same time, and what
 * `decide`, `agree` and the client throw.
 */
export async function changeReceiver(project: OpenProject, id: string, change: Change): Promise<StoredReceiver> {
  await removeSuperseded(project, id);
  let decided: { readonly on: StoredReceiver; readonly decision: Decision } | undefined;
  let failure = changedMeanwhile(id);
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const live = await readCurrent(project, id);
    if (decided === undefined || !isDeepStrictEqual(decided.on, live.receiver)) {
      decided = { on: live.receiver, decision: change.decide(live.receiver) };
      if (change.agree !== undefined) {
        await change.agree(decided.decision.settings);
        // That took calls to Rancher: look again at what is to be replaced.
        continue;
      }
    }
    const { write, ...content } = decided.decision;
    const draft = { ...content, triggerUrl: change.triggerUrl };
    if (write === 'nothing') return project.cache.noteWritten(live.object);
    if (
      write === 'new key' ||
      (write === 'everything' && needsNewObject(live.receiver, draft, project.keeping.custody))
    ) {
      return await replace(project, live, draft, write);
    }
    const result = await updateObject(project, live, draft);
    if (result.isWritten) return result.receiver;
    failure = result.failure ?? changedMeanwhile(id);
    await delay(pauseMs * attempt);
  }
  throw failure;
}

/**
 * Removes every object of a receiver. Safe to repeat: the old service answers 204 to a second delete, too.
 * @throws ServiceError NOT_FOUND for an id that never was a receiver's.
 */
export async function removeReceiver(project: OpenProject, id: string): Promise<void> {
  // Not from memory: rotated elsewhere a moment ago, it would live on in an object that is not known here yet.
  const objects = (await project.cache.readNow()).objectsOf(id);
  for (const { objectId } of objects) await removeObject(project, objectId);
  if (objects.length > 0) return;
  try {
    // Rancher still shows what a removed id was.
    if (isReceiverObject(await project.rancher.genericObjects.read(id))) return;
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
  }
  throw receiverGone(id);
}

/** The object that holds a receiver now. */
async function readCurrent(project: OpenProject, id: string): Promise<LiveReceiver> {
  const known = await project.cache.findById(id);
  const live = known === undefined ? undefined : await readLive(project, known.objectId);
  if (live?.receiver.id === id) return live;
  // It may live on in another object: renamed or rotated elsewhere a moment ago.
  const moved = (await project.cache.readNow()).findById(id);
  const found = moved === undefined ? undefined : await readLive(project, moved.objectId);
  if (found?.receiver.id === id) return found;
  throw receiverGone(id);
}

/** Name and key of a genericObject never change (recording d_update_name_key_kind). */
function needsNewObject(now: StoredReceiver, draft: Draft, { triggerKeys }: Custody): boolean {
  // A key that cannot be opened stays the hash that it is.
  const isKeyStoredAsWished = now.key === '' || isHashedKey(now.storedKey) === (triggerKeys === 'hashed');
  return draft.settings.name !== now.name || !isKeyStoredAsWished;
}

async function replace(
  project: OpenProject,
  { object, receiver }: LiveReceiver,
  draft: Draft,
  write: Decision['write'],
): Promise<StoredReceiver> {
  const { id, uid, objectId, key, storedKey } = receiver;
  const sameKey = key === '' ? { key, storedKey } : { key };
  const made = await createObject(project, draft, {
    id,
    uid,
    ...(write === 'new key' ? {} : sameKey),
    resourceData: object.resourceData ?? {},
  });
  try {
    await removeObject(project, objectId);
  } catch (error) {
    if (!hasCode(error)) throw error;
    // The newer object is the receiver, here and wherever this service runs; its caller must hear the key that works.
    removeLater(project, () => [objectId]);
  }
  return made;
}

/** Ends replacements that a crash cut short. */
async function removeSuperseded(project: OpenProject, id: string): Promise<void> {
  const objects = (await project.cache.read()).objectsOf(id);
  for (const { objectId } of objects.slice(0, -1)) await removeObject(project, objectId);
}

function changedMeanwhile(id: string): ServiceError {
  return new ServiceError(
    'RANCHER_CONFLICT',
    `receiver ${id} is being changed by somebody else at the same time; read it and try again`,
    { applied: 'unknown' },
  );
}
