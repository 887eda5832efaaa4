import { ServiceError } from '../domain/errors.ts';
import { isOutOfReach } from '../rancher/errors.ts';
import type { Rancher, RancherServer } from '../rancher/rancher.ts';
import type { Custody } from './custody.ts';
import { ExpiringSet } from './expiring-set.ts';
import { ProjectCache } from './project-cache.ts';
import { RateLimit } from './rate-limit.ts';
import type { ReceiverKinds } from './receiver-settings.ts';
import { isLiveObject } from './stored-receiver.ts';
import type { Keeping } from './stored-receiver.ts';
import { WriteQueue } from './write-queue.ts';

/** One environment that our key reaches, with everything that is kept for it. */
export interface OpenProject {
  readonly projectId: string;
  readonly rancher: Rancher;
  readonly cache: ProjectCache;
  readonly writes: WriteQueue;
  readonly keeping: Keeping;
  /** How long after a lost answer its write may still land. */
  readonly lateWriteMs: number;
  readonly onWriteLost: (error: unknown) => void;
}

export interface ProjectsOptions {
  readonly server: Pick<RancherServer, 'project'>;
  readonly kinds: ReceiverKinds;
  readonly custody: Custody;
  readonly nowMs: () => number;
  readonly lateWriteMs: number;
  readonly onReloadFailed: (projectId: string, error: unknown) => void;
  /** Removes one object for good; used on what a crash left of a replacement. */
  readonly removeObject: (project: OpenProject, objectId: string) => Promise<void>;
}

/** After this it is asked again whether our key reaches an environment in use. */
const reachedForMs = 60_000;
const unknownProjectTtlMs = 5_000;
const unknownProjectsPerSecond = 20;

/**
 * The environments in use: opened when first asked for, after Rancher has said that our key reaches them, and let go once it
 * says that they are gone or out of reach.
 */
export class Projects {
  readonly #options: ProjectsOptions;
  readonly #open = new Map<string, OpenProject>();
  readonly #reachedAtMs = new Map<string, number>();
  readonly #opening = new Map<string, Promise<OpenProject>>();
  readonly #unknown: ExpiringSet;
  readonly #limit: RateLimit;

  constructor(options: ProjectsOptions) {
    this.#options = options;
    this.#unknown = new ExpiringSet({ ttlMs: unknownProjectTtlMs, most: 1_000, nowMs: options.nowMs });
    this.#limit = new RateLimit(unknownProjectsPerSecond, options.nowMs);
  }

  /** @throws ServiceError PROJECT_NOT_FOUND, OVERLOADED when strangers try too many ids, or what the client throws. */
  async open(projectId: string): Promise<OpenProject> {
    const known = this.#open.get(projectId);
    if (known !== undefined) {
      if (this.#options.nowMs() - (this.#reachedAtMs.get(projectId) ?? 0) >= reachedForMs) void this.#lookAgain(known);
      return known;
    }
    // An id with other characters would be read as another path by Rancher.
    if (!/^[0-9A-Za-z]{1,64}$/.test(projectId) || this.#unknown.has(projectId)) throw projectNotFound(projectId);
    const underWay = this.#opening.get(projectId);
    if (underWay !== undefined) return await underWay;
    if (!this.#limit.take()) {
      throw new ServiceError('OVERLOADED', 'too many unknown environments are being tried; try again in a second', {
        retryAfterSeconds: 1,
      });
    }
    const opening = this.#openNow(projectId).finally(() => this.#opening.delete(projectId));
    this.#opening.set(projectId, opening);
    return await opening;
  }

  /** The environments in use. */
  ids(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Milliseconds since the quietest of their change streams was heard, Infinity when it is not connected; undefined while none is open. */
  silentForMs(): number | undefined {
    const silences = [...this.#open.values()].map(({ rancher }) => rancher.changes().silentForMs());
    return silences.length === 0 ? undefined : Math.max(...silences);
  }

  /** Closes the caches and the clients; nothing may be asked afterwards. */
  async close(): Promise<void> {
    const projects = [...this.#open.values()];
    this.#open.clear();
    for (const { cache } of projects) cache.close();
    await Promise.all(projects.map(({ rancher }) => rancher.close()));
  }

  /** Nobody waits for it. An environment that is gone would keep a stream connecting, and readiness warning of it, for ever. */
  async #lookAgain(project: OpenProject): Promise<void> {
    const { projectId, rancher, cache } = project;
    this.#reachedAtMs.set(projectId, this.#options.nowMs());
    try {
      if (isLiveObject(await rancher.readProject())) return;
    } catch (error) {
      if (!isOutOfReach(error)) return;
    }
    if (this.#open.get(projectId) !== project) return;
    this.#open.delete(projectId);
    this.#unknown.add(projectId);
    cache.close();
    await rancher.close();
  }

  #removeObjects(projectId: string, objectIds: readonly string[]): void {
    const project = this.#open.get(projectId);
    if (project === undefined) return;
    const { onReloadFailed, removeObject } = this.#options;
    for (const objectId of objectIds) {
      project.writes
        .run(() => removeObject(project, objectId))
        .catch((error: unknown) => {
          onReloadFailed(projectId, error);
        });
    }
  }

  async #openNow(projectId: string): Promise<OpenProject> {
    const { server, kinds, custody, nowMs, lateWriteMs, onReloadFailed } = this.#options;
    const rancher = server.project(projectId);
    try {
      const project = await rancher.readProject();
      // Rancher ignores the letters of an id (recording g_id_of_other_type): 1e5 would quietly be 1a5.
      if (project.id !== projectId || !isLiveObject(project)) throw projectNotFound(projectId);
      const keeping = { kinds, custody };
      const cache = new ProjectCache({
        projectId,
        rancher,
        keeping,
        nowMs,
        onReloadFailed: (error) => {
          onReloadFailed(projectId, error);
        },
        onSuperseded: (objectIds) => {
          this.#removeObjects(projectId, objectIds);
        },
      });
      const onWriteLost = (error: unknown): void => {
        onReloadFailed(projectId, error);
      };
      const open = { projectId, rancher, cache, writes: new WriteQueue(), keeping, lateWriteMs, onWriteLost };
      this.#open.set(projectId, open);
      this.#reachedAtMs.set(projectId, nowMs());
      return open;
    } catch (error) {
      await rancher.close();
      if (!isOutOfReach(error)) throw error;
      this.#unknown.add(projectId);
      throw projectNotFound(projectId);
    }
  }
}

function projectNotFound(projectId: string): ServiceError {
  return new ServiceError(
    'PROJECT_NOT_FOUND',
    `Error in creating API client; environment ${projectId.slice(0, 64)} is unknown or out of reach of this service's key; check projectId`,
    { fieldName: 'projectId' },
  );
}
