import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { ServiceConfig } from '../../src/config/config.ts';
import { ServiceError } from '../../src/domain/errors.ts';
import { runCli } from './support/run-cli.ts';
import { createSignals } from './support/signals.ts';

const environment = {
  CATTLE_URL: 'http://rancher:8080',
  CATTLE_ACCESS_KEY: 'access',
  CATTLE_SECRET_KEY: 'secret-value',
  PORT: '8085',
};

describe('cli/commands/serve', () => {
  it('starts with the configuration and ends at a signal with 0, everything closed', async () => {
    const signals = createSignals();
    const started: ServiceConfig[] = [];
    let closed = 0;
    const ended = runCli(['serve'], {
      environment,
      onSignal: (callback) => signals.onSignal(callback),
      startService: async (config) => {
        started.push(config);
        return { url: 'http://127.0.0.1:8085', port: 8085, close: async () => void (closed += 1) };
      },
    });

    await signals.subscribed;
    expect(closed).toBe(0);
    signals.send();

    expect((await ended).exitCode).toBe(0);
    expect(closed).toBe(1);
    expect(started).toMatchObject([{ port: 8085, isSandbox: false, rancher: { accessKey: 'access' } }]);
    expect(signals.waiting()).toBe(0);
  });

  it('takes the echo of one ctrl-C that npm passes on for the same one', async () => {
    const signals = createSignals();
    const closing = Promise.withResolvers<void>();
    const ended = runCli(['serve'], {
      environment,
      onSignal: (callback) => signals.onSignal(callback),
      startService: async () => ({ url: '', port: 1, close: () => closing.promise }),
    });

    await signals.subscribed;
    signals.send();
    signals.send();
    closing.resolve();

    expect(await ended).toMatchObject({ exitCode: 0, err: '' });
  });

  it('starts nothing when Rancher is not named, and says what is missing', async () => {
    const { exitCode, err } = await runCli(['serve'], { environment: { CATTLE_URL: 'http://rancher' } });

    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /^receiver-hooks: cannot start, 2 mistakes in the configuration:\n {2}CATTLE_ACCESS_KEY: it is missing; /,
    );
    expect(err).toContain('io.rancher.container.create_agent');
  });

  it('names the port and its variable when the port is taken', async () => {
    const { exitCode, err } = await runCli(['serve'], {
      environment,
      startService: async () => {
        const taken = Object.assign(new Error('listen'), { code: 'EADDRINUSE', syscall: 'listen' });
        throw new Error('cannot listen', { cause: taken });
      },
    });

    expect(exitCode).toBe(1);
    expect(err).toBe(
      'receiver-hooks: port 8085 on 0.0.0.0 is already in use; stop what listens there, or set PORT to a free port',
    );
  });

  it('names the address when it is not one of this machine', async () => {
    const { err } = await runCli(['serve'], {
      environment: { ...environment, HOST: '203.0.113.7', PORT: '0' },
      startService: ({ host, port }) =>
        new Promise((_, reject) => {
          createServer().on('error', reject).listen(port, host);
        }),
    });

    expect(err).toBe('receiver-hooks: the address 203.0.113.7 is not one of this machine; set HOST to one that is');
  });

  it('says expected trouble in one line and shows a stack only for a fault of ours', async () => {
    const fail = (error: Error) =>
      runCli(['serve'], {
        environment,
        startService: async () => {
          throw error;
        },
      });

    const expected = await fail(new ServiceError('STORE_UNAVAILABLE', 'another process uses the data directory'));
    const fault = await fail(new TypeError('x is not a function ?key=abcdef'));

    expect(expected).toMatchObject({
      exitCode: 1,
      err: 'receiver-hooks: another process uses the data directory (STORE_UNAVAILABLE)',
    });
    expect(fault.err).toMatch(/unexpected fault, please report it: TypeError: x is not a function[^]*\n\s+at /);
    expect(fault.err).not.toContain('abcdef');
  });
});
