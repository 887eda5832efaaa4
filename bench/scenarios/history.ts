import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgresServer } from '../../test/support/postgres-server.ts';
import { atMost } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { interleave, ratios } from '../parts/interleave.ts';
import type { Timed, Timings } from '../parts/interleave.ts';
import { createLoad } from '../parts/load.ts';
import type { Load } from '../parts/load.ts';
import { pastExecutions, writePastToPostgres, writePastToSqlite } from '../parts/past.ts';
import { startRancher } from '../parts/rancher-process.ts';
import type { RancherProcess } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startServiceFor, triggerUrl } from '../parts/stage.ts';
import type { ServiceProcess, ServiceProcessOptions } from '../parts/service-process.ts';
import { spread } from '../parts/statistics.ts';
import { sequentialTriggers } from '../parts/triggers.ts';

const rounds = { rounds: 30, stepsPerRound: 20, warmUpSteps: 40 };

/** A trigger with an empty history and one after a million executions of the same target, side by side, on each engine. */
export async function measureHistory(): Promise<readonly Figure[]> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-bench-'));
  const file = join(dataDirectory, 'receiver-hooks.sqlite');
  const onSqlite = await measureOn({
    engine: 'SQLite',
    young: {},
    old: { dataDirectory },
    writePast: (past) => writePastToSqlite(file, past),
  });
  await rm(dataDirectory, { recursive: true, force: true });

  const postgres = await startPostgresServer();
  const old = await postgres.createDatabase();
  const onPostgres = await measureOn({
    engine: 'PostgreSQL',
    young: { databaseUrl: await postgres.createDatabase() },
    old: { databaseUrl: old },
    writePast: (past) => writePastToPostgres(old, past),
  });
  await postgres.close();
  return [...onSqlite, ...onPostgres];
}

type Database = Pick<ServiceProcessOptions, 'dataDirectory' | 'databaseUrl'>;

interface Comparison {
  readonly engine: string;
  readonly young: Database;
  readonly old: Database;
  readonly writePast: (past: { readonly projectId: string; readonly serviceId: string }) => Promise<void>;
}

async function measureOn({ engine, young, old, writePast }: Comparison): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const load = createLoad({ connections: 2 });
  const ofYoung = await startOn(rancher, { load, index: 0, database: young });
  const ofOld = await startOn(rancher, { load, index: 1, database: old, writePast });

  const [youngTimes, oldTimes] = await interleave([ofYoung.trigger, ofOld.trigger], rounds);
  load.close();
  await ofYoung.service.close();
  await ofOld.service.close();
  await rancher.close();
  if (youngTimes === undefined || oldTimes === undefined) return [];
  return [figureOf(engine, { youngTimes, oldTimes, readyAfterMs: ofOld.service.readyAfterMs })];
}

async function startOn(
  rancher: RancherProcess,
  {
    load,
    index,
    database,
    writePast,
  }: {
    readonly load: Load;
    readonly index: 0 | 1;
    readonly database: Database;
    readonly writePast?: Comparison['writePast'];
  },
): Promise<{ readonly service: ServiceProcess; readonly trigger: Timed }> {
  const project = projectOf(rancher, index);
  const { projectId } = project;
  const { serviceId, upKey, downKey } = await placeScaledService(rancher, projectId);
  await writePast?.({ projectId, serviceId });
  const service = await startServiceFor(rancher, project, database);
  const urls = { up: triggerUrl(service, projectId, upKey), down: triggerUrl(service, projectId, downKey) };
  return { service, trigger: sequentialTriggers(load, urls) };
}

function figureOf(
  engine: string,
  {
    youngTimes,
    oldTimes,
    readyAfterMs,
  }: { readonly youngTimes: Timings; readonly oldTimes: Timings; readonly readyAfterMs: number },
): Figure {
  const remark = `p50 ${youngTimes.p50Ms.toFixed(2)} ms and ${oldTimes.p50Ms.toFixed(2)} ms, by round ${spread(ratios(oldTimes, youngTimes), 2)}; ready after ${(readyAfterMs / 1000).toFixed(2)} s`;
  const what = `a trigger after ${pastExecutions.toLocaleString('en')} executions to one after none, ${engine}`;
  return atMost({ what, remark }, oldTimes.p50Ms / youngTimes.p50Ms, { bound: 1.1, digits: 2, unit: ' ×' });
}
