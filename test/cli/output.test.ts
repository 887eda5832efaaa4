import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inMemoryReceivers, startFakeServer, type FakeServer } from './support/fake-service.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const config = '{serviceId: 1s7, action: up, amount: 1, min: 1, max: 3}';
const entries = ['a', 'b', 'c', 'd'].map((name) => `{name: ${name}, driver: scaleService, config: ${config}}`);
const file = `receivers: [${entries.join(', ')}]`;

interface Ended {
  readonly exitCode: number;
  readonly err: string;
}

/** Runs the program as `$CLI` of a script, so that a shell leads its output elsewhere. */
function runScript(script: string): Promise<Ended> {
  const env = { PATH: process.env['PATH'] ?? '', CLI: `${process.execPath} ${main}` };
  return new Promise((resolve) => {
    execFile('bash', ['--norc', '-c', `set -o pipefail; ${script}`], { env }, (error, _out, err) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), err });
    });
  });
}

describe('cli/output', () => {
  let service: FakeServer;
  let stored: Record<string, unknown>[];
  const connection = (): string => `--url ${service.url} --project 1a5`;
  beforeEach(async () => {
    stored = Array.from({ length: 2_000 }, (_, at) => ({
      id: `1go${String(at + 1)}`,
      name: `receiver-${String(at)}`,
      driver: 'scaleService',
      scaleServiceConfig: { serviceId: '1s7', action: 'up', amount: 1, min: 1, max: 10 },
    }));
    service = await startFakeServer(inMemoryReceivers(stored));
  });
  afterEach(() => service.close());

  it.each([
    ['export', () => `$CLI receivers export ${connection()}`],
    ['create', () => `$CLI receivers create guarded --driver scaleService --signature gitlab ${connection()}`],
    ['doctor', () => 'CATTLE_URL=http://127.0.0.1:1 CATTLE_ACCESS_KEY=a CATTLE_SECRET_KEY=b $CLI doctor'],
    ['help', () => '$CLI --help'],
  ])('ends %s with 1 and a line when what it prints cannot be written', async (_name, command) => {
    const { exitCode, err } = await runScript(`${command()} >/dev/full`);

    expect({ exitCode, err }).toEqual({
      exitCode: 1,
      err: 'receiver-hooks: what was to be printed could not be written (ENOSPC), and is lost; see where standard output leads\n',
    });
  });

  it('begins with no other receiver of a file once what it prints is lost', async () => {
    const { exitCode } = await runScript(`echo '${file}' | $CLI receivers apply -f - ${connection()} >/dev/full`);

    expect(exitCode).toBe(1);
    expect(service.calls.filter(({ method }) => method === 'POST').length).toBeLessThan(2);
  });

  it('is quiet when nobody reads on', async () => {
    const { exitCode, err } = await runScript(`$CLI receivers export ${connection()} | head -n 1 >/dev/null`);

    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  });

  it('does what it was asked for when nobody reads on', async () => {
    const { exitCode, err } = await runScript(`echo '${file}' | $CLI receivers apply -f - ${connection()} | true`);

    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(service.calls.filter(({ method }) => method === 'POST')).toHaveLength(4);
  });

  it('says by its exit code alone what it cannot say on a full standard error', async () => {
    expect((await runScript('$CLI serve 2>/dev/full')).exitCode).toBe(1);
  });
});
