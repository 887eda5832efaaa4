import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { readCommandBlocks } from '../tutorial/markdown-commands.ts';
import { missingPart, runInOrder } from '../tutorial/run-commands.ts';
import { closeAll, docker, makeStack, untilAnswers } from './support/stack.ts';
import type { Stack } from './support/stack.ts';

describe('addon/compose/try.yml', () => {
  let stack: Stack;
  let hooks: string;
  let rancher: string;

  beforeAll(async () => {
    const [port, sandboxPort] = [String(await freePort()), String(await freePort())];
    hooks = `http://127.0.0.1:${port}`;
    rancher = `http://127.0.0.1:${sandboxPort}`;
    stack = makeStack({ file: 'try.yml', environment: { PORT: port, SANDBOX_PORT: sandboxPort } });
    await stack.up();
    await untilAnswers(`${hooks}/readyz`);
  });
  afterAll(async () => {
    await closeAll(() => stack?.down('remove'));
  });

  it('is the tutorial, command after command', async () => {
    const page = readCommandBlocks(readFileSync(new URL('../../docs/tutorial.md', import.meta.url), 'utf8'));
    const printed = await runInOrder(page, {
      HOOKS: `${hooks}/v1-webhooks`,
      RANCHER: `${rancher}/v2-beta/projects/1a5`,
    });
    const wrong = page.flatMap(({ line, prints }, index) => {
      const missing = missingPart(printed[index] ?? '', prints);
      return missing === undefined ? [] : [{ line, missing, printed: printed[index] }];
    });
    expect(wrong).toEqual([]);
  });

  it('prints what to try', async () => {
    expect(await stack.logs()).toMatch(/curl -s -X POST "http:.*\/v1-webhooks\/endpoint\?key=/);
  });

  it('ends cleanly, with a read-only root, as a user without rights', async () => {
    const container = await stack.container('receiver-hooks-try');
    expect(await docker('exec', container, 'id', '-u')).toBe('1000');
    expect(await docker('inspect', '--format', '{{.HostConfig.ReadonlyRootfs}}', container)).toBe('true');
    const startedMs = performance.now();
    await docker('stop', '--time', '20', container);
    expect(performance.now() - startedMs).toBeLessThan(5_500);
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', container)).toBe('0');
  });
});
