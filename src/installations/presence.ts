import { setTimeout as pause } from 'node:timers/promises';
import { ulid } from 'ulid';
import { hasCode } from '../domain/errors.ts';
import { isOutOfReach } from '../rancher/errors.ts';
import type { Rancher } from '../rancher/rancher.ts';
import { listHeartbeats, writeHeartbeat, type StoredHeartbeat } from './heartbeat.ts';
import { Sightings, type Sighting } from './sightings.ts';

export interface PresenceOptions {
  /** Ours: the same for all replicas that share a database. */
  readonly installation: string;
  readonly version: string;
  readonly host: string;
  /** Whether other processes are the same installation: the last of them to end is then not known. */
  readonly isShared: boolean;
  /** The environments that we have receivers in. May throw; nothing is looked at then. */
  readonly projects: () => Promise<readonly string[]>;
  readonly rancher: (projectId: string) => Pick<Rancher, 'genericObjects'>;
  /** Whether Rancher's own webhook service executes there; absent where we are meant to be it. */
  readonly oldServiceAnswers?: (projectId: string) => Promise<boolean>;
  readonly log: {
    warn(facts: object, message: string): void;
    debug(facts: object, message: string): void;
  };
  readonly timing?: Partial<PresenceTiming>;
}

/** All milliseconds. */
export interface PresenceTiming {
  readonly beatEveryMs: number;
  readonly staleAfterMs: number;
  readonly litterAfterMs: number;
}

const defaultTiming: PresenceTiming = { beatEveryMs: 30_000, staleAfterMs: 150_000, litterAfterMs: 900_000 };
const looksForOldServiceEvery = 10;
const farewellMs = 1_000;

/** Who executes in our environments besides us, as it was at the last look. */
interface Executors {
  readonly live: readonly Sighting[];
  readonly undecided: readonly Sighting[];
  /** Environments in which Rancher's own service answers. */
  readonly oldServiceIn: readonly string[];
  /** Why the last look failed, or that at one of the environments. */
  readonly unknown?: string;
}

export interface Presence {
  executors(): Executors;
  /** Ends the beats; where we are the only process, also what we said of ourselves. */
  close(): Promise<void>;
}

/**
 * Says in every environment of ours that we are there, and sees who else does. Two installations, each with its own database,
 * cannot exclude each other: both would act on one trigger's target (design §6).
 */
export function startPresence(options: PresenceOptions): Presence {
  const { log } = options;
  const timing = { ...defaultTiming, ...options.timing };
  const sightings = new Sightings(timing);
  const ending = new AbortController();
  const { signal } = ending;
  const lastOwnBeat = new Map<string, string>();
  let oldServiceIn: readonly string[] = [];
  let unknown: string | undefined;
  let looks = 0;

  const write = async (projectId: string, objectId: string | undefined): Promise<void> => {
    const { installation, version, host } = options;
    const beat = ulid();
    const at = new Date().toISOString();
    await writeHeartbeat(options.rancher(projectId), objectId, { installation, version, host, beat, at });
    lastOwnBeat.set(projectId, beat);
  };

  const look = async (projectId: string): Promise<void> => {
    const rancher = options.rancher(projectId);
    const all = await listHeartbeats(rancher, { signal }).catch((error: unknown) => {
      if (isOutOfReach(error)) return undefined;
      throw error;
    });
    if (all === undefined) {
      sightings.note(projectId, [], performance.now());
      lastOwnBeat.delete(projectId);
      return;
    }
    const [own, ...twins] = all.filter(({ installation }) => installation === options.installation);
    const others = all.filter(({ installation }) => installation !== options.installation);
    const litter = sightings.note(projectId, others, performance.now());
    // Two replicas that began at once made two; a sibling that has written since our last look speaks for us as well.
    for (const objectId of [...twins.map((twin) => twin.objectId), ...litter])
      await rancher.genericObjects.remove(objectId);
    if (own !== undefined && hasSpoken(own, lastOwnBeat.get(projectId))) lastOwnBeat.set(projectId, own.beat);
    else await write(projectId, own?.objectId);
  };

  /** Why it failed: one environment keeps nobody from looking at the others, and from telling what was seen there. */
  const tryToLook = async (projectId: string): Promise<readonly string[]> => {
    try {
      await look(projectId);
      return [];
    } catch (error) {
      if (signal.aborted) return [];
      log.debug({ projectId, err: error }, 'could not look for other installations, will be tried again');
      return [`${projectId}: ${describe(error)}`];
    }
  };

  const lookEverywhere = async (): Promise<void> => {
    try {
      const projects = await options.projects();
      if (looks % looksForOldServiceEvery === 0) oldServiceIn = await whereOldServiceAnswers(options, projects);
      looks += 1;
      const before = new Set(sightings.at(performance.now()).live.map(({ installation }) => installation));
      [unknown] = (await Promise.all(projects.map(tryToLook))).flat();
      for (const { projectId, installation, host } of sightings.at(performance.now()).live)
        if (!before.has(installation))
          log.warn({ projectId, installation, host }, 'another installation executes in the same environment');
    } catch (error) {
      if (signal.aborted) return;
      unknown = describe(error);
      log.debug({ err: error }, 'could not look for other installations, will be tried again');
    }
  };

  const run = async (): Promise<void> => {
    for (;;) {
      await lookEverywhere();
      await pause(timing.beatEveryMs, undefined, { signal, ref: false });
    }
  };
  const working = run().catch(() => undefined);

  return {
    executors: () => ({
      ...sightings.at(performance.now()),
      oldServiceIn,
      ...(unknown === undefined ? {} : { unknown }),
    }),
    async close() {
      ending.abort();
      await working;
      if (!options.isShared) await sayFarewell(options, [...lastOwnBeat.keys()]);
    },
  };
}

function describe(error: unknown): string {
  return hasCode(error) ? error.message : 'the look for other installations failed; see the log';
}

function hasSpoken(own: StoredHeartbeat, lastBeat: string | undefined): boolean {
  return lastBeat !== undefined && own.beat !== lastBeat;
}

async function whereOldServiceAnswers(
  { oldServiceAnswers }: PresenceOptions,
  projects: readonly string[],
): Promise<readonly string[]> {
  if (oldServiceAnswers === undefined) return [];
  const answers = await Promise.all(
    projects.map(async (projectId) => ((await oldServiceAnswers(projectId)) ? [projectId] : [])),
  );
  return answers.flat();
}

/** Whatever is left behind expires in the eyes of others; an end must not wait for a Rancher that is away. */
async function sayFarewell({ rancher, installation }: PresenceOptions, projects: readonly string[]): Promise<void> {
  const call = { signal: AbortSignal.timeout(farewellMs) };
  await Promise.allSettled(
    projects.map(async (projectId) => {
      const own = (await listHeartbeats(rancher(projectId), call)).filter((one) => one.installation === installation);
      for (const { objectId } of own) await rancher(projectId).genericObjects.remove(objectId, call);
    }),
  );
}
