import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import { spawnCli, type SpawnedCli } from './support/spawn-cli.ts';

const execute = promisify(execFile);

describe('cli/commands/try, the real program', () => {
  const spawned: SpawnedCli[] = [];
  afterEach(() => {
    for (const cli of spawned.splice(0)) cli.kill();
  });

  async function start(
    environment: Record<string, string>,
  ): Promise<{ cli: SpawnedCli; url: string; curls: string[] }> {
    const cli = spawnCli(['try'], environment);
    spawned.push(cli);
    const [printed] = await cli.output(/[^]*Ctrl-C ends it\./);
    const [, url = ''] = /Receiver hooks at (http:\S+),/.exec(printed) ?? [];
    return { cli, url, curls: printed.split('\n').filter((line) => line.startsWith('  curl')) };
  }

  const run = async (command: string): Promise<Record<string, unknown>> =>
    JSON.parse((await execute('sh', ['-c', command])).stdout) as Record<string, unknown>;

  it('prints curl lines that work as they stand, one after the other, and ends cleanly', async () => {
    const { cli, url, curls } = await start({ PORT: '0', SANDBOX_PORT: '0' });
    const [up = '', down = '', service = '', receivers = '', executions = '', poolUp = '', poolDown = '', hosts = ''] =
      curls;

    expect(await run(up)).toMatchObject({ outcome: 'scaled', from: 2, to: 3 });
    expect(await run(service)).toMatchObject({ name: 'webapp', scale: 3 });
    expect(await run(down)).toMatchObject({ outcome: 'scaled', from: 3, to: 2 });
    expect(await run(service)).toMatchObject({ scale: 2 });
    expect(await run(receivers)).toMatchObject({
      data: [{ name: 'webapp-up' }, { name: 'webapp-down' }, { name: 'machines-up' }, { name: 'machines-down' }],
    });
    expect(await run(executions)).toMatchObject({ data: [{ outcome: 'scaled' }, { outcome: 'scaled' }] });

    expect(await run(poolUp)).toMatchObject({ driver: 'scaleHost', state: 'under-way' });
    expect(await run(hosts)).toMatchObject({
      data: [{ name: 'host-1' }, { hostname: 'pool-1' }, { hostname: 'pool-2', labels: { pool: 'demo' } }],
    });
    expect(await run(poolDown)).toMatchObject({ driver: 'scaleHost' });

    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
    expect(ready.headers.get('x-receiver-hooks-sandbox')).toBe('1');

    cli.send('SIGINT');
    expect(await cli.ended).toMatchObject({ exitCode: 0, err: '' });
    await expect(fetch(url)).rejects.toThrow(/ECONN|hang up/);
  });

  it('can be listed, edited, tested and reviewed by the other commands', async () => {
    const { url } = await start({ PORT: '0', SANDBOX_PORT: '0' });
    const key = { CATTLE_ACCESS_KEY: 'sandbox', CATTLE_SECRET_KEY: 'sandbox-secret' };
    const command = (...args: string[]) => spawnCli([...args, '--url', url, '--project', '1a5'], key).ended;

    expect(await command('receivers', 'list')).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('webapp-down'),
    });
    expect((await command('receivers', 'test', 'webapp-up')).out).toMatch(/^webapp-up: scaled 2 -> 3/);
    expect((await command('receivers', 'export')).out).toContain('- name: webapp-down');
    expect((await command('receivers', 'delete', 'webapp-down')).exitCode).toBe(0);
    expect((await command('receivers', 'list')).out).not.toContain('webapp-down');
    expect(await command('executions', 'list')).toMatchObject({ exitCode: 0, out: 'no executions\n' });
    expect(await command('executions', 'show', 'nope')).toMatchObject({ exitCode: 1 });
  });

  it('says what to do when there is no place for temporary files', async () => {
    const cli = spawnCli(['try'], { PORT: '0', SANDBOX_PORT: '0', TMPDIR: '/dev/null' });
    spawned.push(cli);

    const { exitCode, err } = await cli.ended;

    expect(exitCode).toBe(1);
    expect(err).toMatch(/^receiver-hooks: cannot make a temporary directory in \/dev\/null \(ENOTDIR\); set DATA_DIR /);
  });

  it('says in its log at the start what keeps it from working', async () => {
    const { cli } = await start({
      CATTLE_URL: 'http://127.0.0.1:9',
      CATTLE_ACCESS_KEY: 'access',
      CATTLE_SECRET_KEY: 'very-secret',
      PORT: '0',
    });

    const [line] = await cli.output(/^.*"check":"rancher".*$/m);

    expect(JSON.parse(line)).toMatchObject({ level: 'error', reason: expect.stringMatching(/ECONNREFUSED/) });
  });

  it('serves a sandbox that runs elsewhere, as it would serve any Rancher', async () => {
    const sandbox = spawnCli(['sandbox'], { SANDBOX_PORT: '0' });
    spawned.push(sandbox);
    const [, CATTLE_URL = ''] = await sandbox.output(/CATTLE_URL=(\S+)/);

    const { cli, url } = await start({
      CATTLE_URL,
      CATTLE_ACCESS_KEY: 'sandbox',
      CATTLE_SECRET_KEY: 'sandbox-secret',
      PORT: '0',
    });

    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
    expect(ready.headers.get('x-receiver-hooks-sandbox')).toBeNull();
    cli.send('SIGTERM');
    expect(await cli.ended).toMatchObject({ exitCode: 0 });
  });
});
