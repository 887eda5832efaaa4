import { atMost } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { openFloor } from '../parts/floor.ts';
import { interleave, ratios } from '../parts/interleave.ts';
import type { Timed, Timings } from '../parts/interleave.ts';
import { createLoad } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import type { RancherProcess } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startOnBothEngines, triggerUrl } from '../parts/stage.ts';
import { median, spread } from '../parts/statistics.ts';
import { sequentialTriggers } from '../parts/triggers.ts';

// V8 compiles what a trigger runs through during the first few hundred; what those cost has a row of its own.
const rounds = { rounds: 30, stepsPerRound: 20, warmUpSteps: 400 };
const first = 100;
const alone = 100;

/** One durable trigger after the other, on each engine, against a bare GET and PUT on the same Rancher in the same run. */
export async function measureSequential(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const { serviceId } = await placeScaledService(rancher, project.projectId);
  const floor = openFloor({ ...project, cattleUrl: rancher.url, serviceId });
  const { onEngines, close } = await startOnBothEngines(rancher);
  const load = createLoad({ connections: onEngines.length });
  const triggers: Timed[] = [];
  for (const { service, project: own } of onEngines) {
    const { upKey, downKey } = await placeScaledService(rancher, own.projectId);
    const urls = { up: triggerUrl(service, own.projectId, upKey), down: triggerUrl(service, own.projectId, downKey) };
    triggers.push(sequentialTriggers(load, urls));
  }

  const [floorTimes, ...triggerTimes] = await interleave([floor.step, ...triggers], rounds);
  const calls: number[] = [];
  for (const [index, { project: own }] of onEngines.entries())
    calls.push(await callsOf(triggers[index], { rancher, projectId: own.projectId }));
  load.close();
  await floor.close();
  await close();
  await rancher.close();

  if (floorTimes === undefined) return [];
  return [
    {
      what: 'floor: bare GET + PUT, p50',
      value: `${floorTimes.p50Ms.toFixed(1)} ms`,
      remark: `p95 ${floorTimes.p95Ms.toFixed(1)} ms`,
    },
    ...onEngines.flatMap(({ engine }, index) => {
      const times = triggerTimes[index];
      return times === undefined ? [] : figuresOf(engine, { times, floorTimes, calls: calls[index] ?? Number.NaN });
    }),
  ];
}

function figuresOf(
  engine: string,
  { times, floorTimes, calls }: { readonly times: Timings; readonly floorTimes: Timings; readonly calls: number },
): readonly Figure[] {
  const remark = `by round ${spread(ratios(times, floorTimes), 2)}`;
  return [
    {
      what: `one durable trigger, ${engine}, p50`,
      value: `${times.p50Ms.toFixed(1)} ms`,
      remark: `p95 ${times.p95Ms.toFixed(1)} ms`,
    },
    atMost({ what: `${engine} to floor, p50`, remark }, times.p50Ms / floorTimes.p50Ms, {
      bound: 1.3,
      digits: 2,
      unit: ' ×',
    }),
    {
      what: `the first ${String(first)} triggers after a start, ${engine}, to floor, p50`,
      value: `${(median(times.warmUpMs.slice(0, first)) / floorTimes.p50Ms).toFixed(2)} ×`,
    },
    { what: `${engine} to floor, p95`, value: `${(times.p95Ms / floorTimes.p95Ms).toFixed(2)} ×` },
    atMost({ what: `calls to Rancher per sequential trigger, ${engine}` }, calls, { bound: 2, digits: 2 }),
  ];
}

async function callsOf(
  trigger: Timed | undefined,
  { rancher, projectId }: { readonly rancher: RancherProcess; readonly projectId: string },
): Promise<number> {
  const before = await rancher.countCalls(projectId);
  for (let index = 0; index < alone; index += 1) await trigger?.(index);
  return ((await rancher.countCalls(projectId)) - before) / alone;
}
