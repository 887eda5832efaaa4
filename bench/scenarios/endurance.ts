import { atMost, exactly } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { countAnswers } from '../parts/load.ts';
import { startRancher } from '../parts/rancher-process.ts';
import { placeScaledService, projectOf, startServiceFor, triggerUrl } from '../parts/stage.ts';
import { storm } from '../parts/triggers.ts';

const batches = 10;
const batch = { count: 10_000, concurrency: 50 };

/** Memory after 100,000 triggers, read after every 10,000: it must not go on growing. */
export async function measureEndurance(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const { projectId } = project;
  const { serviceId, upKey, downKey } = await placeScaledService(rancher, projectId);
  const service = await startServiceFor(rancher, project);
  const urls = { up: triggerUrl(service, projectId, upKey), down: triggerUrl(service, projectId, downKey) };
  const atStartMib = await service.readResidentMib();
  const scaleBefore = await rancher.readScale(serviceId);
  const residentMib: number[] = [];
  const answers = [];
  let sum = 0;
  for (let index = 0; index < batches; index += 1) {
    // Every other batch takes back what the one before added, so that the scale stays within what a Rancher holds.
    const turned = index % 2 === 0 ? urls : { up: urls.down, down: urls.up };
    const stormed = await storm(turned, batch);
    sum += index % 2 === 0 ? stormed.sum : -stormed.sum;
    answers.push(...stormed.answers);
    residentMib.push(await service.readResidentMib());
  }
  const grownBy = (await rancher.readScale(serviceId)) - scaleBefore;
  await service.close();
  await rancher.close();
  return [
    {
      what: 'resident memory after 100,000 triggers',
      value: `${residentMib.at(-1)?.toFixed(0) ?? ''} MiB`,
      remark: `at the start ${atStartMib.toFixed(0)}, then after each 10,000: ${residentMib.map((mib) => mib.toFixed(0)).join(', ')}`,
    },
    atMost({ what: 'the same: grown over the last 50,000' }, grownOver(residentMib.slice(batches / 2 - 1)), {
      bound: 5,
      digits: 0,
      unit: ' MiB',
    }),
    exactly('100,000 triggers: containers added', grownBy, sum, countAnswers(answers)),
  ];
}

function grownOver(mib: readonly number[]): number {
  return (mib.at(-1) ?? Number.NaN) - (mib[0] ?? Number.NaN);
}
