import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fetch from 'node-fetch';

const root = fileURLToPath(new URL('../../', import.meta.url));

// The first of them bundles the program.
jest.setTimeout(60_000);

describe('the npm scripts that serve', () => {
  let directory: string;
  let npm: ChildProcess | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'npm-scripts-'));
  });
  afterEach(async () => {
    if (npm?.pid !== undefined) killGroup(npm.pid);
    await rm(directory, { recursive: true });
  });

  it.each([
    ['start', ['start'], {}],
    ['serve', ['run', 'serve'], { CATTLE_URL: 'http://127.0.0.1:9', CATTLE_ACCESS_KEY: 'a', CATTLE_SECRET_KEY: 'b' }],
    ['receiver-hooks', ['run', 'receiver-hooks', '--', 'try'], {}],
  ])('npm %s ends what it started when npm is told to end', async (_name, args, more) => {
    const child = spawn('npm', args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: directory,
        DATA_DIR: join(directory, 'data'),
        HOST: '127.0.0.1',
        PORT: '0',
        SANDBOX_PORT: '0',
        ...more,
      },
    });
    npm = child;
    const url = await listening(child);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    child.kill('SIGTERM');

    expect(await once(child, 'close')).toEqual([0, null]);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow(/ECONNREFUSED/);
  });
});

/** npm and whatever it left behind. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The address that it prints or logs. */
function listening(child: ChildProcess): Promise<string> {
  let out = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const [, url] = /(?:Receiver hooks at |"url":")(http:[^\s,"]+)/.exec(out) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`it ended without an address: ${out}`)));
  });
}
