import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteDatabase } from '../../src/storage/sqlite-database.ts';
import { atMost } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { interleave, ratios } from '../parts/interleave.ts';
import { createLoad } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startServiceFor, triggerUrl } from '../parts/stage.ts';
import type { ScaledService } from '../parts/stage.ts';
import { spread } from '../parts/statistics.ts';
import { sequentialTriggers } from '../parts/triggers.ts';

const rounds = { rounds: 30, stepsPerRound: 20 };
const pastExecutions = 1_000_000;

/** A trigger with an empty history and one after a million executions of the same target, side by side. */
export async function measureHistory(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const { projectId } = project;
  const dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-bench-'));
  const young = await placeScaledService(rancher, projectId);
  const old = await placeScaledService(rancher, projectId);
  await writePast(join(dataDirectory, 'receiver-hooks.sqlite'), projectId, old);
  const services = [
    await startServiceFor(rancher, project),
    await startServiceFor(rancher, project, { dataDirectory }),
  ];
  const load = createLoad({ connections: 2 });
  const things = [young, old].map(({ upKey, downKey }, index) => {
    const service = services[index];
    if (service === undefined) throw new Error('two services are compared');
    return sequentialTriggers(load, {
      up: triggerUrl(service, projectId, upKey),
      down: triggerUrl(service, projectId, downKey),
    });
  });

  const [youngTimes, oldTimes] = await interleave(things, rounds);
  load.close();
  for (const service of services) await service.close();
  await rancher.close();
  await rm(dataDirectory, { recursive: true, force: true });

  if (youngTimes === undefined || oldTimes === undefined) return [];
  const remark = `p50 ${youngTimes.p50Ms.toFixed(2)} ms and ${oldTimes.p50Ms.toFixed(2)} ms, by round ${spread(ratios(oldTimes, youngTimes), 2)}; ready after ${((services[1]?.readyAfterMs ?? 0) / 1000).toFixed(2)} s`;
  return [
    atMost(
      { what: 'a trigger after 1,000,000 executions to one after none', remark },
      oldTimes.p50Ms / youngTimes.p50Ms,
      {
        bound: 1.1,
        digits: 2,
        unit: ' ×',
      },
    ),
  ];
}

/** Writes what a million triggers would have left behind, into a database that the product itself has made. */
async function writePast(file: string, projectId: string, { serviceId }: ScaledService): Promise<void> {
  await (await openSqliteDatabase(file)).destroy();
  const sqlite = new DatabaseSync(file);
  const target = `${projectId}/service/${serviceId}/scale`;
  const config = JSON.stringify({ type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 100_000 });
  const numbers = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${String(pastExecutions)})`;
  // Spread over the last ten days, so that nothing is old enough to be cleared away.
  const at = `(unixepoch('now') * 1000 - (${String(pastExecutions)} - i) * 864)`;
  sqlite.exec('pragma synchronous = off; begin');
  sqlite
    .prepare(
      `${numbers} insert into executions (id, project_id, receiver_id, receiver_name, driver, format, config, signal, state,
        outcome, message, scale_from, scale_to, accepted_at, item_count, send_before, finished_at)
      select printf('past%022d', i), ?, '1go9', 'past', 'scaleService', 'generic', ?, '{"says":"fire","reason":"called"}', 'finished',
        'scaled', 'scaled up from 4 to 5', 4, 5, ${at}, 1, ${at} + 600000, ${at} + 9 from n`,
    )
    .run(projectId, config);
  sqlite
    .prepare(
      `insert into items (id, execution_id, seq, target, state, change_id, outcome, message, scale_from, scale_to)
      select id || '.0', id, seq, ?, 'finished', 'change-' || id, outcome, message, scale_from, scale_to from executions`,
    )
    .run(target);
  sqlite
    .prepare(
      `insert into changes (id, target, driver, body, state, created_at)
      select 'change-' || id, ?, 'scaleService', json_object('serviceId', ?, 'from', 4, 'to', 5), 'done', accepted_at from executions`,
    )
    .run(target, serviceId);
  sqlite
    .prepare(
      `insert into attempts (target, change_id, at, result) select ?, 'change-' || id, finished_at, 'done' from executions`,
    )
    .run(target);
  sqlite.exec('commit');
  sqlite.close();
}
