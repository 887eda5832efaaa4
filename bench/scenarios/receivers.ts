import { atMost } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { interleave, ratios } from '../parts/interleave.ts';
import { createLoad } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import type { RancherProcess } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startServiceFor, triggerUrl } from '../parts/stage.ts';
import { spread } from '../parts/statistics.ts';
import { sequentialTriggers } from '../parts/triggers.ts';

const rounds = { rounds: 30, stepsPerRound: 20, warmUpSteps: 40 };

/** A trigger among 10 receivers and among 10,000: two of our services side by side, one for each environment. */
export async function measureReceivers(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const load = createLoad({ connections: 2 });
  const few = await startAmong(rancher, 0, 10);
  const many = await startAmong(rancher, 1, 10_000);

  const [fewTimes, manyTimes] = await interleave(
    [sequentialTriggers(load, few.urls), sequentialTriggers(load, many.urls)],
    rounds,
  );
  load.close();
  await few.service.close();
  await many.service.close();
  await rancher.close();

  if (fewTimes === undefined || manyTimes === undefined) return [];
  const remark = `p50 ${fewTimes.p50Ms.toFixed(2)} ms and ${manyTimes.p50Ms.toFixed(2)} ms, by round ${spread(ratios(manyTimes, fewTimes), 2)}`;
  return [
    atMost({ what: 'a trigger among 10,000 receivers to one among 10', remark }, manyTimes.p50Ms / fewTimes.p50Ms, {
      bound: 1.1,
      digits: 2,
      unit: ' ×',
    }),
  ];
}

async function startAmong(rancher: RancherProcess, index: 0 | 1, receivers: number) {
  const project = projectOf(rancher, index);
  const { projectId } = project;
  const { serviceId, upKey, downKey } = await placeScaledService(rancher, projectId);
  const others = Array.from({ length: receivers - 2 }, (_, number) => ({
    name: `other-${String(number)}`,
    key: `other-${String(number).padStart(34, '0')}`,
    serviceId,
    action: 'up' as const,
  }));
  await rancher.placeReceivers(projectId, others);
  const service = await startServiceFor(rancher, project);
  return {
    service,
    urls: { up: triggerUrl(service, projectId, upKey), down: triggerUrl(service, projectId, downKey) },
  };
}
