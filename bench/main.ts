import { loadavg } from 'node:os';
import { readCommandLine } from './parts/command-line.ts';
import type { BenchOptions } from './parts/command-line.ts';
import type { Figure } from './parts/figure.ts';
import { runRancher } from './parts/rancher-child.ts';
import { describeConditions, toMarkdown, writeSection } from './parts/report.ts';
import { measureEndurance } from './scenarios/endurance.ts';
import { measureHistory } from './scenarios/history.ts';
import { measureHosts } from './scenarios/hosts.ts';
import { measureManyServices } from './scenarios/many-services.ts';
import { measureOtherServices } from './scenarios/other-services.ts';
import { measurePush } from './scenarios/push.ts';
import { measureReceivers } from './scenarios/receivers.ts';
import { measureSequential } from './scenarios/sequential.ts';
import { measureStartUp } from './scenarios/start-up.ts';
import { measureStorms } from './scenarios/storms.ts';

type Scenario = readonly [name: string, measure: () => Promise<readonly Figure[]>];

const usual: readonly Scenario[] = [
  ['sequential', measureSequential],
  ['storms', measureStorms],
  ['many-services', measureManyServices],
  ['receivers', measureReceivers],
  ['hosts', measureHosts],
  ['push', measurePush],
  ['start-up', measureStartUp],
];

async function main(options: BenchOptions): Promise<void> {
  const { only, withHistory, withEndurance, others, floor } = options;
  if (others.length > 0) {
    await measure('others', [['others', () => measureOtherServices(others, floor)]], 'written');
    return;
  }
  const chosen = usual.filter(([name]) => only.length === 0 || only.includes(name));
  // A part of a table would pass for the whole, so it is only printed.
  if (chosen.length > 0) await measure('figures', chosen, only.length === 0 ? 'written' : 'printed');
  if (withHistory) await measure('history', [['history', measureHistory]], 'written');
  if (withEndurance) await measure('endurance', [['endurance', measureEndurance]], 'written');
}

async function measure(section: string, scenarios: readonly Scenario[], kept: 'written' | 'printed'): Promise<void> {
  const loadBefore = loadavg()[0] ?? 0;
  const figures: Figure[] = [];
  for (const [name, run] of scenarios) {
    console.error(`${name} …`);
    figures.push(...(await run()));
  }
  const markdown = toMarkdown(figures, describeConditions(loadBefore));
  console.log(markdown);
  if (kept === 'written') writeSection(section, markdown);
}

if (process.argv[2] === 'rancher') await runRancher();
else await main(readCommandLine(process.argv.slice(2), process.env));
