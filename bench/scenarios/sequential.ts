import { atMost } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { openFloor } from '../parts/floor.ts';
import { interleave, ratios } from '../parts/interleave.ts';
import { createLoad } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startServiceFor, triggerUrl } from '../parts/stage.ts';
import { spread } from '../parts/statistics.ts';
import { sequentialTriggers } from '../parts/triggers.ts';

const rounds = { rounds: 30, stepsPerRound: 20 };

/** One durable trigger after the other, against a bare GET and PUT on the same Rancher in the same run. */
export async function measureSequential(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const { projectId } = project;
  const floored = await placeScaledService(rancher, projectId);
  const scaled = await placeScaledService(rancher, projectId);
  const service = await startServiceFor(rancher, project);
  const floor = openFloor({ ...project, cattleUrl: rancher.url, serviceId: floored.serviceId });
  const load = createLoad({ connections: 1 });
  const trigger = sequentialTriggers(load, {
    up: triggerUrl(service, projectId, scaled.upKey),
    down: triggerUrl(service, projectId, scaled.downKey),
  });

  const [floorTimes, triggerTimes] = await interleave([floor.step, trigger], rounds);
  const callsBefore = await rancher.countCalls();
  const alone = 100;
  for (let index = 0; index < alone; index += 1) await trigger(index);
  const callsPerTrigger = ((await rancher.countCalls()) - callsBefore) / alone;
  load.close();
  await floor.close();
  await service.close();
  await rancher.close();

  if (floorTimes === undefined || triggerTimes === undefined) return [];
  const byRound = ratios(triggerTimes, floorTimes);
  const remark = `by round ${spread(byRound, 2)}`;
  return [
    {
      what: 'floor: bare GET + PUT, p50',
      value: `${floorTimes.p50Ms.toFixed(1)} ms`,
      remark: `p95 ${floorTimes.p95Ms.toFixed(1)} ms`,
    },
    {
      what: 'one durable trigger, SQLite, p50',
      value: `${triggerTimes.p50Ms.toFixed(1)} ms`,
      remark: `p95 ${triggerTimes.p95Ms.toFixed(1)} ms`,
    },
    atMost({ what: 'ratio of the two p50', remark }, triggerTimes.p50Ms / floorTimes.p50Ms, {
      bound: 1.3,
      digits: 2,
      unit: ' ×',
    }),
    { what: 'ratio of the two p95', value: `${(triggerTimes.p95Ms / floorTimes.p95Ms).toFixed(2)} ×` },
    atMost({ what: 'calls to Rancher per sequential trigger' }, callsPerTrigger, { bound: 2, digits: 2 }),
  ];
}
