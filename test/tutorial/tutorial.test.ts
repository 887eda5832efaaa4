import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnCli } from '../cli/support/spawn-cli.ts';
import type { SpawnedCli } from '../cli/support/spawn-cli.ts';
import { readCommandBlocks } from './markdown-commands.ts';
import { missingPart, runInOrder } from './run-commands.ts';

const readPage = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const english = readCommandBlocks(readPage('tutorial.md'));
const chinese = readCommandBlocks(readPage('tutorial.zh-CN.md'));

describe('docs/tutorial', () => {
  let started: SpawnedCli | undefined;
  afterEach(() => {
    started?.kill();
  });

  it('has the same commands and answers in both languages', () => {
    expect(chinese.map(({ commands }) => commands)).toEqual(english.map(({ commands }) => commands));
  });

  it('works as printed, command after command, from a fresh start', async () => {
    started = spawnCli(['try'], { PORT: '0', SANDBOX_PORT: '0' });
    const [, hooks = '', rancher = ''] = await started.output(/Receiver hooks at (http:\S+),.* at (http:\S+)\./);
    await started.output(/Ctrl-C ends it\./);

    const printed = await runInOrder(english, {
      HOOKS: `${hooks}/v1-webhooks`,
      RANCHER: `${rancher}/projects/1a5`,
    });

    const wrong = english.flatMap(({ line, prints }, index) => {
      const missing = missingPart(printed[index] ?? '', prints);
      return missing === undefined ? [] : [{ line, missing, printed: printed[index] }];
    });
    expect(wrong).toEqual([]);
    expect(english.flatMap(({ prints }) => prints).length).toBeGreaterThan(30);
  }, 120_000);
});
