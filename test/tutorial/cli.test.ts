import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnCli } from '../cli/support/spawn-cli.ts';
import type { SpawnedCli } from '../cli/support/spawn-cli.ts';
import { readCommandBlocks } from './markdown-commands.ts';
import { missingPart, runInOrder } from './run-commands.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('docs/cli', () => {
  let started: SpawnedCli | undefined;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cli-page-'));
  });
  afterEach(() => {
    started?.kill();
    rmSync(directory, { recursive: true });
  });

  it('works as printed on what npm start has started', async () => {
    const blocks = readCommandBlocks(page);
    const [, file = ''] = /```yaml\n(receivers:\n[^`]+)```/.exec(page) ?? [];
    writeFileSync(join(directory, 'receivers.yml'), file);
    started = spawnCli(['try'], { PORT: '0', SANDBOX_PORT: '0' });
    const [, url = ''] = await started.output(/Receiver hooks at (http:\S+),/);
    await started.output(/Ctrl-C ends it\./);

    // What the page calls receiver-hooks, on the port that the system chose.
    const prelude = `cd '${directory}'; receiver-hooks() { '${process.execPath}' '${main}' "$@" --url '${url}'; }`;
    const [, ...printed] = await runInOrder([{ line: 0, commands: prelude, prints: [] }, ...blocks], {});

    expect(blocks.flatMap(({ prints }) => prints).length).toBeGreaterThan(1);
    expect(
      blocks.flatMap(({ line, prints }, index) => {
        const missing = missingPart(printed[index] ?? '', prints);
        return missing === undefined ? [] : [{ line, missing, printed: printed[index] }];
      }),
    ).toEqual([]);
  }, 60_000);
});
