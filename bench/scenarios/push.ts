import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { freePort } from '../../test/support/free-port.ts';
import { countAnswers, createLoad, inParallel } from '../parts/load.ts';
import type { Answer } from '../parts/load.ts';
import { manage } from '../parts/management.ts';
import { flatMemory, readMemory } from '../parts/memory.ts';
import type { MemoryReading } from '../parts/memory.ts';
import { startRancher } from '../parts/rancher-process.ts';
import { projectOf, startServiceFor } from '../parts/stage.ts';

const services = 500;
const pushes = 9;
const openingMs = 2_000;
/** Sockets of one client; Rancher's own front takes a hundred. */
const mostAtOnce = 50;

const image = 'registry.example.com/acme/web';
const labels = { app: 'web' };

/** One push that concerns five hundred services, and then again and again. */
export async function measurePush(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const { projectId } = project;
  const serviceIds = await inParallel({ count: services, concurrency: 1 }, (index) =>
    rancher.placeService({
      projectId,
      name: `web-${String(index)}`,
      scale: 1,
      launchConfig: { imageUuid: `docker:${image}:v0`, labels },
    }),
  );
  const inspectPort = await freePort();
  const service = await startServiceFor(rancher, project, { inspectPort });
  const management = manage(service, project);
  const url = await management.createReceiver({
    name: 'pushed',
    driver: 'serviceUpgrade',
    serviceUpgradeConfig: { serviceSelector: labels, tag: 'v*', tagMatch: 'glob', batchSize: 1, intervalMillis: 1 },
  });
  const load = createLoad({ connections: 1 });
  const push = (tag: string): Promise<Answer> =>
    load.post(url, { push_data: { tag }, repository: { repo_name: image } });

  // Opens the environment: a tag that nobody waits for.
  await push('other');
  await sleep(openingMs);

  await rancher.forgetCalls();
  const startedMs = performance.now();
  const answer = await push('v1');
  await management.untilAllEnded();
  const seconds = (performance.now() - startedMs) / 1000;
  const calls = await rancher.readCalls();
  const callsAtOnce = await rancher.countCallsAtOnce();
  const images = await rancher.readImages(serviceIds);

  const readings: MemoryReading[] = [];
  for (let number = 2; number < 2 + pushes; number += 1) {
    await push(`v${String(number)}`);
    await management.untilAllEnded();
    readings.push(await readMemory(service, inspectPort));
  }
  load.close();
  await service.close();
  await rancher.close();

  const name = `${String(services)} services by one push`;
  const count = (method: string, path: RegExp): number =>
    calls.filter((call) => call.method === method && path.test(call.path)).length;
  const upgraded = images.filter((each) => each === `active docker:${image}:v1`).length;
  const reads = count('GET', /\/services\/1s\d+$/);
  const took = `answered ${countAnswers([answer])} after ${answer.ms.toFixed(0)} ms, all finished after ${seconds.toFixed(1)} s`;
  return [
    exactly(`${name}: services upgraded`, upgraded, services, took),
    atMost({ what: `${name}: list reads`, remark: 'one page of 1,000' }, count('GET', /\/services\?/), {
      bound: 1,
      digits: 0,
    }),
    exactly(
      `${name}: upgrades sent`,
      count('POST', /action=upgrade$/),
      services,
      `${String(count('POST', /action=finishupgrade$/))} finished; a service read by its id ${(reads / services).toFixed(1)} times`,
    ),
    atMost({ what: `${name}: calls under way at once` }, callsAtOnce, { bound: mostAtOnce, digits: 0 }),
    flatMemory(`${String(pushes)} pushes to ${String(services)} services`, readings),
  ];
}
