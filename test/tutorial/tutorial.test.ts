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

  it('names the environment once, so that it works on another Rancher by its variables', () => {
    const [first, ...rest] = english.map(({ commands }) => commands);

    expect(first).toContain('1a5');
    expect(rest.filter((commands) => commands.includes('1a5'))).toEqual([]);
  });

  // The second reader begins where the first one has cleaned up.
  it('works as printed, command after command, from a fresh start and again after its own clean-up', async () => {
    started = spawnCli(['try'], { PORT: '0', SANDBOX_PORT: '0' });
    const [, hooks = '', rancher = ''] = await started.output(/Receiver hooks at (http:\S+),.* at (http:\S+)\./);
    await started.output(/Ctrl-C ends it\./);

    for (const page of [english, chinese]) {
      const printed = await runInOrder(page, {
        HOOKS: `${hooks}/v1-webhooks`,
        RANCHER: `${rancher}/projects/1a5`,
      });

      const wrong = page.flatMap(({ line, prints }, index) => {
        const missing = missingPart(printed[index] ?? '', prints);
        return missing === undefined ? [] : [{ line, missing, printed: printed[index] }];
      });
      expect(wrong).toEqual([]);
      expect(page.flatMap(({ prints }) => prints).length).toBeGreaterThan(30);
    }
  }, 240_000);
});
