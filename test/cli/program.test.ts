import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import { spawnCli, type SpawnedCli } from './support/spawn-cli.ts';

describe('cli/program', () => {
  const spawned: SpawnedCli[] = [];
  const run = (...args: Parameters<typeof spawnCli>): SpawnedCli => {
    const cli = spawnCli(...args);
    spawned.push(cli);
    return cli;
  };
  afterEach(() => {
    for (const cli of spawned.splice(0)) cli.kill();
  });

  it('prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };

    expect(await run(['--version']).ended).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
  });

  it('lists every command for --help', async () => {
    const { exitCode, out } = await run(['--help']).ended;

    expect(exitCode).toBe(0);
    for (const command of ['serve', 'try', 'sandbox', 'doctor', 'receivers', 'executions']) {
      expect(out).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
  });

  it.each([[[]], [['nonsense']], [['serve', '--nonsense']], [['receivers']]])(
    'ends %j with 2 and a hint',
    async (args) => {
      const { exitCode, err } = await run(args).ended;

      expect(exitCode).toBe(2);
      expect(err).toMatch(/--help|Usage/);
    },
  );

  it('does not start without configuration, and shows no stack', async () => {
    const { exitCode, out, err } = await run(['serve']).ended;

    expect(exitCode).toBe(1);
    expect(err).toContain('CATTLE_URL: it is missing');
    expect(`${out}${err}`).not.toMatch(/\n\s+at /);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('runs a sandbox that answers, and frees its port at %s', async (signal) => {
    const cli = run(['sandbox'], { SANDBOX_PORT: '0' });
    const [, url = ''] = await cli.output(/curl -u sandbox:sandbox-secret "([^"]+)"/);
    const headers = { Authorization: `Basic ${btoa('sandbox:sandbox-secret')}` };
    expect((await fetch(url, { headers })).status).toBe(200);

    cli.send(signal);

    expect(await cli.ended).toMatchObject({ exitCode: 0, err: '' });
    await expect(fetch(url)).rejects.toThrow(/ECONN|hang up/);
  });

  it('names port and variable in one line when the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as AddressInfo).port);

    const { exitCode, err } = await run(['sandbox'], { SANDBOX_PORT: port }).ended;
    taken.close();

    expect(exitCode).toBe(1);
    expect(err).toBe(
      `receiver-hooks: port ${port} on 127.0.0.1 is already in use; stop what listens there, or set SANDBOX_PORT to a free port\n`,
    );
  });
});
