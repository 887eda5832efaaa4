import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { countAnswers } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import type { RancherProcess } from '../parts/rancher-process.ts';
import { placeScaledService, startOnBothEngines, triggerUrl } from '../parts/stage.ts';
import type { ServiceOnEngine } from '../parts/stage.ts';
import { percentile } from '../parts/statistics.ts';
import { storm } from '../parts/triggers.ts';

const openingMs = 2_000;

interface StormSize {
  readonly count: number;
  readonly concurrency: number;
  readonly mostCalls: number;
  /** What p95 must stay below. */
  readonly longestMs?: number;
}

const storms: readonly StormSize[] = [
  { count: 200, concurrency: 20, mostCalls: 0.2 },
  { count: 1_000, concurrency: 50, mostCalls: 0.1, longestMs: 1_000 },
];

/** Many triggers at once on one service, on each engine: each must count, and Rancher must hardly notice. */
export async function measureStorms(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const { onEngines, close } = await startOnBothEngines(rancher);
  const figures: Figure[] = [];
  for (const size of storms)
    for (const onEngine of onEngines) figures.push(...(await stormOne(rancher, onEngine, size)));
  await close();
  await rancher.close();
  return figures;
}

async function stormOne(
  rancher: RancherProcess,
  { engine, project: { projectId }, service }: ServiceOnEngine,
  { count, concurrency, mostCalls, longestMs }: StormSize,
): Promise<readonly Figure[]> {
  const { serviceId, upKey, downKey } = await placeScaledService(rancher, projectId);
  const urls = { up: triggerUrl(service, projectId, upKey), down: triggerUrl(service, projectId, downKey) };
  // The storm that counts is the second one: a process compiles its hot paths during its first hundreds of calls.
  await storm(urls, { count: 100, concurrency });
  // Until the change stream of the environment has spoken for the first time, each key is looked up in Rancher.
  await sleep(openingMs);
  const scaleBefore = await rancher.readScale(serviceId);
  const callsBefore = await rancher.countCalls(projectId);
  const { answers, seconds, sum } = await storm(urls, { count, concurrency });
  const calls = (await rancher.countCalls(projectId)) - callsBefore;
  const grownBy = (await rancher.readScale(serviceId)) - scaleBefore;
  const name = `${count.toLocaleString('en')} triggers, ${String(concurrency)} at a time, one service, ${engine}`;
  const times = answers.map(({ ms }) => ms);
  const p95Ms = percentile(times, 0.95);
  return [
    exactly(`${name}: containers added`, grownBy, sum, countAnswers(answers)),
    {
      what: `${name}: p50`,
      value: `${percentile(times, 0.5).toFixed(1)} ms`,
      remark: `${(count / seconds).toFixed(0)} triggers a second`,
    },
    longestMs === undefined
      ? { what: `${name}: p95`, value: `${p95Ms.toFixed(1)} ms` }
      : atMost({ what: `${name}: p95` }, p95Ms, { bound: longestMs, digits: 1, unit: ' ms' }),
    atMost({ what: `${name}: calls to Rancher per trigger` }, calls / count, { bound: mostCalls, digits: 3 }),
  ];
}
