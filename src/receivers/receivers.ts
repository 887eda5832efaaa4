import { performance } from 'node:perf_hooks';
import { hasCode } from '../domain/errors.ts';
import type { Rancher, RancherServer } from '../rancher/rancher.ts';
import type { Custody } from './custody.ts';
import { createLegacyTokenReader } from './legacy-token.ts';
import type { LegacyTokenReader } from './legacy-token.ts';
import { Projects } from './projects.ts';
import type { Receiver, ReceiverLookup } from './receiver.ts';
import { parseDriver, parseDriverConfig } from './receiver-settings.ts';
import type { ReceiverKinds, ReceiverSettings } from './receiver-settings.ts';
import { changeReceiver, removeReceiver } from './receiver-changes.ts';
import type { Agree, Change, Decision } from './receiver-changes.ts';
import { createObject, removeObject } from './receiver-writes.ts';
import type { TriggerUrl } from './receiver-writes.ts';
import { settingsOf, usable } from './stored-receiver.ts';
import type { StoredReceiver } from './stored-receiver.ts';

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
  /** Those of these ids that there are, by id, in one look. */
  findEach(projectId: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredReceiver>>;
  /** @throws ServiceError NAME_TAKEN. */
  create(projectId: string, settings: ReceiverSettings, triggerUrl: TriggerUrl): Promise<StoredReceiver>;
  /**
   * What a receiver is after an edit. `edit` is given it as Rancher holds it now, and again when it is changed by somebody else
   * meanwhile. Id, key and state stay; a key that is not stored as `TRIGGER_KEYS` says is stored so.
   * @throws ServiceError NOT_FOUND, NAME_TAKEN, RANCHER_CONFLICT; what `edit` and `agree` throw, and then nothing is changed.
   */
  update(
    projectId: string,
    id: string,
    edit: (now: StoredReceiver) => ReceiverSettings,
    triggerUrl: TriggerUrl,
    agree?: Agree,
  ): Promise<StoredReceiver>;
  /** Safe to repeat. @throws ServiceError as `update`, and SETTINGS_INVALID when the receiver is not usable. */
  setState(
    projectId: string,
    id: string,
    state: Receiver['state'],
    triggerUrl: TriggerUrl,
    agree?: Agree,
  ): Promise<StoredReceiver>;
  /**
   * Makes a receiver that somebody else wrote or changed ours, as it was when `agree` was asked. Safe to repeat.
   * @throws ServiceError as `setState`.
   */
  adopt(projectId: string, id: string, triggerUrl: TriggerUrl, agree: Agree): Promise<StoredReceiver>;
  /** A new key; the old one is dead here when this returns. @throws ServiceError as `setState`. */
  rotateKey(projectId: string, id: string, triggerUrl: TriggerUrl, agree?: Agree): Promise<StoredReceiver>;
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
    async findEach(projectId, ids) {
      const { cache } = await projects.open(projectId);
      const index = await cache.read();
      const found = ids.flatMap((id) => index.findById(id) ?? []);
      return new Map(found.map((receiver) => [receiver.id, receiver]));
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
    async update(projectId, id, edit, triggerUrl, agree) {
      const decide = (now: StoredReceiver): Decision => {
        const state = now.content.kind === 'usable' ? now.content.receiver.state : 'active';
        return { write: 'everything', settings: edit(now), state, provenance: 'ours' };
      };
      return await change(projects, projectId, id, { decide, agree, triggerUrl });
    },
    async setState(projectId, id, state, triggerUrl, agree) {
      const decide = (now: StoredReceiver): Decision => {
        const receiver = usable(now);
        // Only an edit and an adoption vouch for what a receiver does.
        const { provenance } = receiver;
        const write = receiver.state === state ? 'nothing' : 'content';
        return { write, settings: settingsOf(receiver), state, provenance };
      };
      return await change(projects, projectId, id, { decide, agree, triggerUrl });
    },
    async adopt(projectId, id, triggerUrl, agree) {
      const decide = (now: StoredReceiver): Decision => {
        const receiver = usable(now);
        return { write: 'content', settings: settingsOf(receiver), state: receiver.state, provenance: 'ours' };
      };
      return await change(projects, projectId, id, { decide, agree, triggerUrl });
    },
    async rotateKey(projectId, id, triggerUrl, agree) {
      const decide = (now: StoredReceiver): Decision => {
        const receiver = usable(now);
        const { state, provenance } = receiver;
        return { write: 'new key', settings: settingsOf(receiver), state, provenance };
      };
      return await change(projects, projectId, id, { decide, agree, triggerUrl });
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

async function change(projects: Projects, projectId: string, id: string, wanted: Change): Promise<StoredReceiver> {
  const project = await projects.open(projectId);
  return await project.writes.run(() => changeReceiver(project, id, wanted));
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
  const { content } = stored;
  // Its config is the token's. What cannot be read of its demands is not guessed: a paused or guarded hook would run.
  const options = content.kind === 'usable' ? content.receiver : (content.options ?? usable(stored));
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
