import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { countAnswers } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startServiceFor, triggerUrl } from '../parts/stage.ts';
import { percentile } from '../parts/statistics.ts';
import { storm } from '../parts/triggers.ts';

const openingMs = 2_000;

const storms = [
  { count: 200, concurrency: 20, mostCalls: 0.2 },
  { count: 1_000, concurrency: 50, mostCalls: 0.1 },
] as const;

/** Many triggers at once on one service: each must count, and Rancher must hardly notice. */
export async function measureStorms(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const service = await startServiceFor(rancher, project);
  const figures: Figure[] = [];
  for (const { count, concurrency, mostCalls } of storms) {
    const { serviceId, upKey, downKey } = await placeScaledService(rancher, project.projectId);
    const urls = {
      up: triggerUrl(service, project.projectId, upKey),
      down: triggerUrl(service, project.projectId, downKey),
    };
    // The storm that counts is the second one: a process compiles its hot paths during its first hundreds of calls.
    await storm(urls, { count: 100, concurrency });
    // Until the change stream of the environment has spoken for the first time, each key is looked up in Rancher.
    await sleep(openingMs);
    const scaleBefore = await rancher.readScale(serviceId);
    const callsBefore = await rancher.countCalls();
    const { answers, seconds, sum } = await storm(urls, { count, concurrency });
    const calls = (await rancher.countCalls()) - callsBefore;
    const grownBy = (await rancher.readScale(serviceId)) - scaleBefore;
    const name = `${count.toLocaleString('en')} triggers, ${String(concurrency)} at a time, one service`;
    const times = answers.map(({ ms }) => ms);
    figures.push(
      exactly(`${name}: containers added`, grownBy, sum, countAnswers(answers)),
      {
        what: `${name}: p50`,
        value: `${percentile(times, 0.5).toFixed(1)} ms`,
        remark: `p95 ${percentile(times, 0.95).toFixed(1)} ms, ${(count / seconds).toFixed(0)} triggers a second`,
      },
      atMost({ what: `${name}: calls to Rancher per trigger` }, calls / count, { bound: mostCalls, digits: 3 }),
    );
  }
  await service.close();
  await rancher.close();
  return figures;
}
