import { setTimeout as sleep } from 'node:timers/promises';
import { atMost } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { startRancher } from '../parts/rancher-process.ts';
import { projectOf, startServiceFor } from '../parts/stage.ts';
import { median, spread } from '../parts/statistics.ts';

const starts = 7;
const idleMs = 10_000;

/** From starting the process to ready, and what it holds of memory while nobody calls. */
export async function measureStartUp(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const readyAfterSeconds: number[] = [];
  for (let start = 1; start < starts; start += 1) {
    const service = await startServiceFor(rancher, project);
    readyAfterSeconds.push(service.readyAfterMs / 1000);
    await service.close();
  }
  const service = await startServiceFor(rancher, project);
  readyAfterSeconds.push(service.readyAfterMs / 1000);
  await sleep(idleMs);
  const residentMib = await service.readResidentMib();
  await service.close();
  await rancher.close();
  const remark = `${String(starts)} starts, ${spread(readyAfterSeconds, 2)} s`;
  return [
    atMost({ what: 'ready after start', remark }, median(readyAfterSeconds), { bound: 2, digits: 2, unit: ' s' }),
    atMost({ what: 'resident memory, idle' }, residentMib, { bound: 110, digits: 0, unit: ' MiB' }),
  ];
}
