import { setTimeout as sleep } from 'node:timers/promises';
import { exactly } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { openFloor } from '../parts/floor.ts';
import { countAnswers, createLoad, inParallel } from '../parts/load.ts';
import type { Answer } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import type { RancherProcess } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startOnBothEngines, triggerUrl } from '../parts/stage.ts';
import type { ServiceOnEngine } from '../parts/stage.ts';
import { percentile } from '../parts/statistics.ts';

const services = 20;
const triggersEach = 50;
const count = services * triggersEach;
const openingMs = 2_000;

/** Twenty services, each with a caller of its own: lanes must not wait for each other. */
export async function measureManyServices(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const { onEngines, close } = await startOnBothEngines(rancher);
  const floorSeconds = await measureFloors(rancher);
  const figures: Figure[] = [
    {
      what: `${String(services)} services in parallel, bare GET + PUT on as many connections: steps a second`,
      value: (count / floorSeconds).toFixed(0),
    },
  ];
  for (const onEngine of onEngines) figures.push(...(await measureOne(rancher, onEngine)));
  await close();
  await rancher.close();
  return figures;
}

async function measureFloors(rancher: RancherProcess): Promise<number> {
  const project = projectOf(rancher, 0);
  const placed = await inParallel({ count: services, concurrency: 1 }, () =>
    placeScaledService(rancher, project.projectId),
  );
  const floors = placed.map(({ serviceId }) => openFloor({ ...project, cattleUrl: rancher.url, serviceId }));
  const seconds = await secondsOf(async () => {
    await Promise.all(
      floors.map(async (floor) => {
        for (let index = 0; index < triggersEach; index += 1) await floor.step(index);
      }),
    );
  });
  for (const floor of floors) await floor.close();
  return seconds;
}

async function measureOne(
  rancher: RancherProcess,
  { engine, project: { projectId }, service }: ServiceOnEngine,
): Promise<readonly Figure[]> {
  const scaled = await inParallel({ count: services, concurrency: 1 }, () => placeScaledService(rancher, projectId));
  const opened = await placeScaledService(rancher, projectId);
  const load = createLoad({ connections: services });
  const answers: Answer[] = [];
  const callTriggers = async (): Promise<void> => {
    answers.length = 0;
    await Promise.all(
      scaled.map(async ({ upKey, downKey }) => {
        for (let index = 0; index < triggersEach; index += 1)
          answers.push(await load.post(triggerUrl(service, projectId, index % 2 === 0 ? upKey : downKey)));
      }),
    );
  };

  // The first call opens the environment; a moment later all its receivers are in memory.
  await load.post(triggerUrl(service, projectId, opened.upKey));
  await sleep(openingMs);
  await callTriggers();
  const seconds = await secondsOf(callTriggers);
  const scales = await inParallel({ count: services, concurrency: 1 }, (index) =>
    rancher.readScale(scaled[index]?.serviceId ?? ''),
  );
  load.close();

  const times = answers.map(({ ms }) => ms);
  const name = `${String(services)} services in parallel, ${engine}`;
  return [
    exactly(
      `${name}: services at the right scale`,
      scales.filter((scale) => scale === 5).length,
      services,
      countAnswers(answers),
    ),
    {
      what: `${name}: triggers a second`,
      value: (count / seconds).toFixed(0),
      remark: `p50 ${percentile(times, 0.5).toFixed(1)} ms, p95 ${percentile(times, 0.95).toFixed(1)} ms`,
    },
  ];
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}
