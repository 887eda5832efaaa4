import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fetch from 'node-fetch';
import manifest from '../../package.json' with { type: 'json' };
import { freePort } from '../../test/support/free-port.ts';

// As `npm run serve` starts it: bundled, with its flags for memory.
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const nodeFlags = /node (?<flags>.*) dist\/main\.js/.exec(manifest.scripts.serve)?.groups?.['flags']?.split(' ') ?? [];
/** Node would write the address to the terminal. */
const quietly = '--inspect-publish-uid=http';
const readyWithinMs = 30_000;

/** Our service in a process of its own, started as an operator starts it. */
export interface ServiceProcess {
  readonly url: string;
  /** From starting the process to the first 200 of /readyz. */
  readonly readyAfterMs: number;
  /** Resident memory, MiB, as the system counts it. */
  readResidentMib(): Promise<number>;
  close(): Promise<void>;
}

export interface ServiceProcessOptions {
  readonly cattleUrl: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** A directory that exists already and stays; absent: a fresh one that is removed. */
  readonly dataDirectory?: string;
  /** PostgreSQL in the place of the embedded database. */
  readonly databaseUrl?: string;
  /** Where it may be looked into; what looks costs memory and time, so only where that is what is measured. */
  readonly inspectPort?: number;
}

/** Starts `serve` on a free loopback port and waits until it is ready. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'receiver-hooks-bench-')));
  const port = await freePort();
  const startedMs = performance.now();
  const { inspectPort } = options;
  const inspected = inspectPort === undefined ? [] : [`--inspect=127.0.0.1:${String(inspectPort)}`, quietly];
  const child = spawn(process.execPath, [...nodeFlags, ...inspected, main, 'serve'], {
    env: {
      CATTLE_URL: options.cattleUrl,
      CATTLE_ACCESS_KEY: options.accessKey,
      CATTLE_SECRET_KEY: options.secretKey,
      DATA_DIR: dataDirectory,
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'warn',
      ...(options.databaseUrl === undefined
        ? {}
        : { DATABASE_URL: options.databaseUrl, SEALING_KEY: Buffer.alloc(32, 7).toString('base64') }),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A bench that fails must not leave a service behind that goes on serving.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const url = `http://127.0.0.1:${String(port)}`;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() - startedMs > readyWithinMs) {
      child.kill('SIGKILL');
      throw new Error('the service did not become ready');
    }
    await sleep(5);
  }
  return {
    url,
    readyAfterMs: performance.now() - startedMs,
    async readResidentMib() {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(child.pid)]);
      return Number(stdout.trim()) / 1024;
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
      process.off('exit', kill);
      if (options.dataDirectory === undefined) await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`);
    await answer.text();
    return answer.status === 200;
  } catch {
    return false;
  }
}
