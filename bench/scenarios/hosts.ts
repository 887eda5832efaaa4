import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { atMost, exactly } from '../parts/figure.ts';
import type { Figure } from '../parts/figure.ts';
import { freePort } from '../../test/support/free-port.ts';
import { countAnswers, createLoad, inParallel } from '../parts/load.ts';
import { manage } from '../parts/management.ts';
import { flatMemory, readMemory } from '../parts/memory.ts';
import type { MemoryReading } from '../parts/memory.ts';
import type { SeenCall } from '../parts/rancher-child.ts';
import { startRancher } from '../parts/rancher-process.ts';
import { projectOf, startServiceFor } from '../parts/stage.ts';

const wave = 100;
const tooMany = 20;
const concurrency = 50;
const cycles = 9;
const openingMs = 2_000;
/** Hosts and evacuations are asked for in the same moment; looks after machines being made ask for hosts alone. */
const sameMomentMs = 20;

const labels = { pool: 'bench' };
const bounds = { hostSelector: labels, amount: 1, min: 1, max: 1 + wave };

/** A hundred hosts asked for by a hundred triggers, on a base whose driver config is its own and whose secrets a template holds. */
export async function measureHosts(): Promise<readonly Figure[]> {
  const rancher = await startRancher();
  const project = projectOf(rancher, 0);
  const { projectId } = project;
  const config = { region: 'cn-hangzhou', instanceType: 'ecs.g7.large' };
  const secrets = { accessKeyId: 'bench', accessKeySecret: 'bench' };
  await rancher.placeMachine({ projectId, hostname: 'pool-1', labels, config, secrets });
  const dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-bench-'));
  const inspectPort = await freePort();
  const service = await startServiceFor(rancher, project, { dataDirectory, inspectPort });
  const management = manage(service, project);
  const receiver = (name: string, differing: object): Promise<string> =>
    management.createReceiver({ name, driver: 'scaleHost', scaleHostConfig: { ...bounds, ...differing } });
  const up = await receiver('up', { action: 'up' });
  const down = await receiver('down', { action: 'down', deleteOption: 'mostRecent' });
  const load = createLoad({ connections: concurrency });
  const send = (url: string, count: number) => inParallel({ count, concurrency }, () => load.post(url));

  // The first calls open the environment, and a process compiles its paths on them.
  for (const url of [up, down]) {
    await load.post(url);
    await management.untilAllEnded();
  }
  await sleep(openingMs);

  await rancher.forgetCalls();
  const startedAtMs = Date.now();
  const accepted = await send(up, wave);
  const seconds = (Date.now() - startedAtMs) / 1000;
  const calls = await rancher.readCalls();
  const answeredAtMs = Date.now();
  const refused = await send(up, tooMany);
  await management.untilAllEnded();
  const hosts = await rancher.readHosts(projectId);

  const readings: MemoryReading[] = [];
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    await send(cycle % 2 === 0 ? down : up, wave);
    await management.untilAllEnded();
    readings.push(await readMemory(service, inspectPort));
  }
  load.close();
  await service.close();
  await rancher.close();
  const rounds = countRounds(join(dataDirectory, 'receiver-hooks.sqlite'), startedAtMs, answeredAtMs);
  await rm(dataDirectory, { recursive: true, force: true });

  const name = `${String(wave)} hosts by ${String(wave)} triggers`;
  const lists = countLists(calls);
  const active = hosts.filter(({ state }) => state === 'active').length;
  const names = new Set(hosts.map(({ hostname }) => hostname)).size;
  return [
    exactly(
      `${name}, ${String(tooMany)} more at max: hosts active`,
      active,
      1 + wave,
      countAnswers([...accepted, ...refused]),
    ),
    exactly(`${name}: different names`, names, 1 + wave),
    atMost(
      {
        what: `${name}: list reads a round`,
        remark: `${String(rounds)} rounds: ${Object.entries(lists)
          .map(([what, count]) => `${what} ${String(count)}`)
          .join(', ')}; all answered after ${seconds.toFixed(2)} s`,
      },
      (lists.hosts + lists.evacuations + lists.templates) / rounds,
      { bound: 2, digits: 2 },
    ),
    flatMemory(`${String(cycles)} × ${String(wave)} hosts up or down`, readings),
  ];
}

/** Rounds that decided something about hosts, as the service's own database tells. */
function countRounds(file: string, fromMs: number, untilMs: number): number {
  const sqlite = new DatabaseSync(file, { readOnly: true });
  try {
    const counted = sqlite
      .prepare("select count(*) as rounds from changes where driver = 'scaleHost' and created_at between ? and ?")
      .get(fromMs, untilMs);
    return Number(counted?.['rounds']);
  } finally {
    sqlite.close();
  }
}

/** The lists that rounds read; of hosts those beside a list of evacuations, and by themselves those of looks. */
function countLists(calls: readonly SeenCall[]) {
  const lists = (plural: string): readonly SeenCall[] =>
    calls.filter(({ method, path }) => method === 'GET' && path.includes(`/${plural}?`));
  const [hosts, evacuations, templates] = [lists('hosts'), lists('externalhostevents'), lists('hosttemplates')];
  const ofRounds = hosts.filter(({ atMs }) =>
    evacuations.some((evacuation) => Math.abs(evacuation.atMs - atMs) <= sameMomentMs),
  );
  return {
    hosts: ofRounds.length,
    evacuations: evacuations.length,
    templates: templates.length,
    'hosts again to look after machines': hosts.length - ofRounds.length,
  };
}
