import { performance } from 'node:perf_hooks';
import { ServiceError, hasCode } from '../domain/errors.ts';
import type { Rancher, RancherServer } from '../rancher/rancher.ts';
import type { Custody } from './custody.ts';
import { createLegacyTokenReader } from './legacy-token.ts';
import type { LegacyTokenReader } from './legacy-token.ts';
import { Projects } from './projects.ts';
import type { OpenProject } from './projects.ts';
import type { Receiver, ReceiverLookup } from './receiver.ts';
import { defaultRepeatAfterSeconds, parseDriver, parseDriverConfig } from './receiver-settings.ts';
import type { ReceiverKinds, ReceiverSettings } from './receiver-settings.ts';
import { createObject, readLive, receiverGone, removeObject, updateObject } from './receiver-writes.ts';
import type { Replaced, TriggerUrl } from './receiver-writes.ts';
import { isReceiverObject, settingsOf } from './stored-receiver.ts';
import type { StoredReceiver } from './stored-receiver.ts';
import { isHashedKey } from './trigger-key.ts';

/** What managing receivers needs; the trigger path sees only `ReceiverLookup`. */
export interface Receivers extends ReceiverLookup {
  /**
   * The project as our own key sees it.
   * @throws ServiceError PROJECT_NOT_FOUND when our key does not reach it; so does everything below.
   */
  rancherOf(projectId: string): Promise<Rancher>;
  /** The projects asked for so far that our key reaches. */
  projectsInUse(): readonly string[];
  /** Milliseconds since the quietest of their change streams was heard, Infinity when it is not connected; undefined while there is none. */
  silentForMs(): number | undefined;
  list(projectId: string): Promise<readonly StoredReceiver[]>;
  find(projectId: string, id: string): Promise<StoredReceiver | undefined>;
  /** @throws ServiceError NAME_TAKEN. */
  create(projectId: string, settings: ReceiverSettings, triggerUrl: TriggerUrl): Promise<StoredReceiver>;
  /** Id, key and state stay; a key that is not stored as `TRIGGER_KEYS` says is stored so. @throws ServiceError NOT_FOUND, NAME_TAKEN, RANCHER_CONFLICT. */
  update(projectId: string, id: string, settings: ReceiverSettings, triggerUrl: TriggerUrl): Promise<StoredReceiver>;
  /** Safe to repeat. @throws ServiceError NOT_FOUND, SETTINGS_INVALID when the receiver is not usable. */
  setState(projectId: string, id: string, state: Receiver['state'], triggerUrl: TriggerUrl): Promise<StoredReceiver>;
  /**
   * Makes a receiver that somebody else wrote or changed ours, as it was when the caller's rights were asked for: what
   * somebody changes meanwhile is written over. Safe to repeat. @throws ServiceError as `setState`.
   */
  adopt(receiver: Receiver, triggerUrl: TriggerUrl): Promise<StoredReceiver>;
  /** A new key; the old one is dead here when this returns. @throws ServiceError as `setState`. */
  rotateKey(projectId: string, id: string, triggerUrl: TriggerUrl): Promise<StoredReceiver>;
  /** Safe to repeat. @throws ServiceError NOT_FOUND for an id that never was a receiver. */
  remove(projectId: string, id: string): Promise<void>;
  close(): Promise<void>;
}

export interface ReceiversOptions {
  readonly rancherServer: Pick<RancherServer, 'project'>;
  readonly kinds: ReceiverKinds;
  readonly custody: Custody;
  /** PEM text; absent when there are no hooks of the first webhook service (`?token=`). */
  readonly legacyPublicKey?: string;
  /** Told when a project's receivers could not be read; single look-ups go on meanwhile. */
  readonly onReloadFailed?: (projectId: string, error: unknown) => void;
  /** Monotonic milliseconds; the process's own clock unless a test gives another. */
  readonly nowMs?: () => number;
  /** How long after a lost answer a write may still land in Rancher: above the client's time-out. Default 15,000. */
  readonly lateWriteMs?: number;
}

/**
 * The receivers of every project that our key reaches.
 * @throws ServiceError SETTINGS_INVALID when `legacyPublicKey` is no RSA public key.
 */
export function createReceivers(options: ReceiversOptions): Receivers {
  const projects = new Projects({
    server: options.rancherServer,
    kinds: options.kinds,
    custody: options.custody,
    nowMs: options.nowMs ?? (() => performance.now()),
    lateWriteMs: options.lateWriteMs ?? 15_000,
    onReloadFailed: options.onReloadFailed ?? (() => undefined),
    removeObject,
  });
  const readToken = createLegacyTokenReader(options.legacyPublicKey);

  return {
    async rancherOf(projectId) {
      return (await projects.open(projectId)).rancher;
    },
    projectsInUse: () => projects.ids(),
    silentForMs: () => projects.silentForMs(),
    async list(projectId) {
      const { cache } = await projects.open(projectId);
      return (await cache.read()).list();
    },
    async find(projectId, id) {
      const { cache } = await projects.open(projectId);
      return await cache.findById(id);
    },
    async findByKey(projectId, key) {
      const { cache } = await projects.open(projectId);
      const stored = await cache.findByKey(key);
      return stored === undefined ? undefined : usable(stored);
    },
    async findByToken(token) {
      return await findByToken(token, readToken, projects, options.kinds);
    },
    async isLive(projectId, receiverId) {
      const { cache } = await projects.open(projectId);
      return await cache.isLive(receiverId);
    },
    async create(projectId, settings, triggerUrl) {
      const project = await projects.open(projectId);
      return await project.writes.run(() =>
        createObject(project, { settings, state: 'active', triggerUrl, provenance: 'ours' }),
      );
    },
    async update(projectId, id, settings, triggerUrl) {
      return await change(projects, projectId, id, async (project, stored) => {
        const state = stored.content.kind === 'usable' ? stored.content.receiver.state : 'active';
        const draft = { settings, state, triggerUrl, provenance: 'ours' } as const;
        if (settings.name === stored.name && isStoredAsWished(stored, options.custody))
          return await updateObject(project, stored, draft);
        return await replace(project, stored, draft, 'same key');
      });
    },
    async setState(projectId, id, state, triggerUrl) {
      return await change(projects, projectId, id, async (project, stored) => {
        const receiver = usable(stored);
        if (receiver.state === state) return stored;
        // Only an edit and an adoption vouch for what a receiver does: they write what the caller's rights were asked for.
        const { provenance } = receiver;
        return await updateObject(project, stored, { settings: settingsOf(receiver), state, triggerUrl, provenance });
      });
    },
    async adopt(receiver, triggerUrl) {
      const { projectId, id, state } = receiver;
      return await change(projects, projectId, id, async (project, stored) => {
        const draft = { settings: settingsOf(receiver), state, triggerUrl, provenance: 'ours' } as const;
        return await updateObject(project, stored, draft);
      });
    },
    async rotateKey(projectId, id, triggerUrl) {
      return await change(projects, projectId, id, async (project, stored) => {
        const receiver = usable(stored);
        const { state, provenance } = receiver;
        const draft = { settings: settingsOf(receiver), state, triggerUrl, provenance };
        return await replace(project, stored, draft, 'new key');
      });
    },
    async remove(projectId, id) {
      const project = await projects.open(projectId);
      await project.writes.run(() => removeReceiver(project, id));
    },
    async close() {
      await projects.close();
    },
  };
}

async function change(
  projects: Projects,
  projectId: string,
  id: string,
  write: (project: OpenProject, stored: StoredReceiver) => Promise<StoredReceiver>,
): Promise<StoredReceiver> {
  const project = await projects.open(projectId);
  return await project.writes.run(async () => {
    const stored = await project.cache.findById(id);
    if (stored === undefined) throw receiverGone(id);
    await removeSuperseded(project, id);
    return await write(project, stored);
  });
}

/** Name and key of a genericObject never change (recording d_update_name_key_kind), so the object is replaced. */
async function replace(
  project: OpenProject,
  stored: StoredReceiver,
  draft: Parameters<typeof createObject>[1],
  keyChoice: 'same key' | 'new key',
): Promise<StoredReceiver> {
  const before = await readLive(project, stored);
  const made = await createObject(project, draft, {
    id: stored.id,
    uid: stored.uid,
    ...(keyChoice === 'same key' ? sameKey(stored) : {}),
    resourceData: before.resourceData ?? {},
  });
  await removeObject(project, stored.objectId);
  return made;
}

function sameKey({ key, storedKey }: StoredReceiver): Pick<Replaced, 'key' | 'storedKey'> {
  return key === '' ? { key, storedKey } : { key };
}

/** A key that cannot be opened stays the hash that it is. */
function isStoredAsWished({ key, storedKey }: StoredReceiver, { triggerKeys }: Custody): boolean {
  return key === '' || isHashedKey(storedKey) === (triggerKeys === 'hashed');
}

/** Ends replacements that a crash cut short. */
async function removeSuperseded(project: OpenProject, id: string): Promise<void> {
  const objects = (await project.cache.read()).objectsOf(id);
  for (const { objectId } of objects.slice(0, -1)) await removeObject(project, objectId);
}

async function removeReceiver(project: OpenProject, id: string): Promise<void> {
  const objects = (await project.cache.read()).objectsOf(id);
  for (const { objectId } of objects) await removeObject(project, objectId);
  if (objects.length > 0) return;
  try {
    // The old service answers 204 to a second delete, too; Rancher still shows what the id was.
    if (isReceiverObject(await project.rancher.genericObjects.read(id))) return;
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
  }
  throw receiverGone(id);
}

async function findByToken(
  token: string,
  readToken: LegacyTokenReader,
  projects: Projects,
  kinds: ReceiverKinds,
): Promise<Receiver | undefined> {
  const claims = await readToken(token);
  const stored = await findStored(projects, claims.projectId, claims.uuid);
  if (stored === undefined) return undefined;
  const driver = parseDriver(kinds.drivers, claims.driver);
  const options =
    stored.content.kind === 'usable'
      ? stored.content.receiver
      : ({
          state: 'active',
          format: 'auto',
          formatSettings: {},
          repeatAfterSeconds: defaultRepeatAfterSeconds,
        } as const);
  return {
    ...options,
    id: stored.id,
    projectId: stored.projectId,
    name: stored.name,
    created: stored.created,
    driver: driver.id,
    config: parseDriverConfig(driver, claims.config),
    // The old service signed it: nobody else can have written the config.
    provenance: 'ours',
  };
}

/** A token outlives its environment: that one is gone is as good as the hook being gone. */
async function findStored(projects: Projects, projectId: string, key: string): Promise<StoredReceiver | undefined> {
  try {
    const { cache } = await projects.open(projectId);
    return await cache.findByKey(key);
  } catch (error) {
    if (hasCode(error, 'PROJECT_NOT_FOUND')) return undefined;
    throw error;
  }
}

function usable(stored: StoredReceiver): Receiver {
  if (stored.content.kind === 'usable') return stored.content.receiver;
  throw new ServiceError('SETTINGS_INVALID', `receiver ${stored.id} cannot be used: ${stored.content.reason}`);
}
