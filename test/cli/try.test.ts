import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import type { ServiceConfig } from '../../src/config/config.ts';
import { startDemoSandbox } from '../../src/cli/started-sandbox.ts';
import { inMemoryReceivers, startFakeServer, type FakeServer } from './support/fake-service.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import { newExecution } from '../support/stores.ts';
import { runCli } from './support/run-cli.ts';
import { createSignals } from './support/signals.ts';

describe('cli/commands/try', () => {
  const opened: FakeServer[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((server) => server.close()));
  });

  async function tryOut(environment: Record<string, string>) {
    const signals = createSignals();
    const configs: ServiceConfig[] = [];
    const receivers: Record<string, unknown>[] = [];
    const printed: string[] = [];
    const sandboxes: { url: string }[] = [];
    const ended = runCli(['try'], {
      environment: { PORT: '0', SANDBOX_PORT: '0', ...environment },
      onSignal: (callback) => signals.onSignal(callback),
      print: (line) => void printed.push(line),
      startSandbox: async (options) => {
        const sandbox = await startDemoSandbox(options);
        sandboxes.push(sandbox);
        return sandbox;
      },
      startService: async (config) => {
        configs.push(config);
        const server = await startFakeServer(inMemoryReceivers(receivers));
        opened.push(server);
        return { url: server.url, port: Number(new URL(server.url).port), close: () => server.close() };
      },
    });
    await Promise.race([signals.subscribed, ended]);
    return { signals, configs, receivers, printed, sandboxes, ended };
  }

  it('makes a demo service with an up and a down receiver, in a fresh directory, and cleans up', async () => {
    const { signals, configs, receivers, printed, sandboxes, ended } = await tryOut({});
    const [config] = configs;
    const [sandbox] = sandboxes;

    expect(config).toMatchObject({
      isSandbox: true,
      host: '127.0.0.1',
      rancher: { url: sandbox?.url, accessKey: 'sandbox' },
    });
    expect(existsSync(config?.dataDirectory ?? '')).toBe(true);
    const [up, down, poolUp, poolDown] = receivers;
    expect(up).toMatchObject({ name: 'webapp-up', scaleServiceConfig: { action: 'up', amount: 1 } });
    expect(down).toMatchObject({ name: 'webapp-down', scaleServiceConfig: { action: 'down', amount: 1 } });

    expect(poolUp).toMatchObject({
      name: 'machines-up',
      scaleHostConfig: { action: 'up', hostSelector: { pool: 'demo' } },
    });
    expect(poolDown).toMatchObject({ name: 'machines-down', scaleHostConfig: { action: 'down', max: 11 } });

    const curls = printed.filter((line) => line.startsWith('  curl'));
    expect(curls).toHaveLength(8);
    const service = curls.find((line) => line.includes('/services/')) ?? '';
    const [, url = ''] = /"(http[^"]+)"/.exec(service) ?? [];
    const answer = await fetch(url, { headers: { Authorization: `Basic ${btoa('sandbox:sandbox-secret')}` } });
    expect(await answer.json()).toMatchObject({ name: 'webapp', scale: 2, state: 'active' });

    signals.send();
    expect(await ended).toMatchObject({ exitCode: 0, err: '' });
    expect(existsSync(config?.dataDirectory ?? '')).toBe(false);
    await expect(fetch(url)).rejects.toThrow(/ECONN|hang up/);
  });

  it('serves the Rancher that is named and says how to go on', async () => {
    const { signals, configs, receivers, printed, sandboxes, ended } = await tryOut({
      CATTLE_URL: 'http://rancher:8080',
      CATTLE_ACCESS_KEY: 'a',
      CATTLE_SECRET_KEY: 'b',
      DATA_DIR: '/some/where',
    });
    signals.send();

    expect((await ended).exitCode).toBe(0);
    expect(configs).toMatchObject([
      { isSandbox: false, rancher: { url: 'http://rancher:8080' }, dataDirectory: '/some/where' },
    ]);
    expect([sandboxes, receivers]).toEqual([[], []]);
    expect(printed.join('\n')).toContain('receivers create webapp-up');
  });

  it('refuses the history of an earlier sandbox, which gave the same ids to other things', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-try-'));
    const store = await openSqliteStore(join(directory, 'receiver-hooks.sqlite'));
    await store.accept([newExecution()]);
    await store.close();
    const { sandboxes, ended } = await tryOut({ DATA_DIR: directory });

    const said = `DATA_DIR "${directory}" holds the history of another run`;
    expect(await ended).toMatchObject({ exitCode: 1, err: expect.stringContaining(said) });
    expect(sandboxes).toEqual([]);
    await rm(directory, { recursive: true });
  });

  it('takes the database of a start that came to nothing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-try-'));
    await (await openSqliteStore(join(directory, 'receiver-hooks.sqlite'))).close();
    const { signals, sandboxes, ended } = await tryOut({ DATA_DIR: directory });
    signals.send();

    expect((await ended).exitCode).toBe(0);
    expect(sandboxes).toHaveLength(1);
    await rm(directory, { recursive: true });
  });

  it('refuses production before anything is started', async () => {
    const { sandboxes, ended } = await tryOut({ NODE_ENV: 'production' });

    expect(await ended).toMatchObject({ exitCode: 1, err: expect.stringContaining('NODE_ENV: "production"') });
    expect(sandboxes).toEqual([]);
  });

  it('leaves no sandbox behind when the service cannot start', async () => {
    const sandboxes: { url: string }[] = [];
    const { exitCode } = await runCli(['try'], {
      environment: { SANDBOX_PORT: '0' },
      startSandbox: async (options) => {
        const sandbox = await startDemoSandbox(options);
        sandboxes.push(sandbox);
        return sandbox;
      },
      startService: () => Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' })),
    });

    expect(exitCode).toBe(1);
    await expect(fetch(sandboxes[0]?.url ?? '')).rejects.toThrow(/ECONN|hang up/);
  });
});
