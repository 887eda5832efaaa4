import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as compose from 'docker-compose';
import fetch from 'node-fetch';

const run = promisify(execFile);
const composeFolder = fileURLToPath(new URL('../../../addon/compose/', import.meta.url));

export const image = 'receiver-hooks:0.1.0';

export interface StackOptions {
  /** In addon/compose, or an absolute path. */
  readonly file: string | readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** One compose project, under a name of its own, driven as an operator drives it. */
export interface Stack {
  up(): Promise<void>;
  /** `keep`: volumes stay, as with `docker-compose down`. */
  down(volumes: 'keep' | 'remove'): Promise<void>;
  /** The container of a service. */
  container(service: string): Promise<string>;
  kill(service: string): Promise<void>;
  start(service: string): Promise<void>;
  /** SIGTERM, its time to stop, and up again. */
  restart(service: string): Promise<void>;
  /** The services of the files, as docker-compose reads them. */
  services(): Promise<readonly string[]>;
  /** Everything any container of it has written so far, of containers that are gone as well. */
  logs(): Promise<string>;
}

let made = 0;

export function makeStack({ file, environment = {} }: StackOptions): Stack {
  made += 1;
  const project = `rhe2e${String(process.pid)}x${String(made)}`;
  let kept = '';
  const options: compose.IDockerComposeOptions = {
    cwd: composeFolder,
    config: typeof file === 'string' ? file : [...file],
    env: { ...process.env, ...environment },
    composeOptions: ['--project-name', project],
    executable: { standalone: true, executablePath: 'docker-compose' },
  };
  const output = async (): Promise<string> => {
    const { out, err } = await compose.logs([], { ...options, commandOptions: ['--no-color'] });
    return `${out}${err}`;
  };
  const reporting = async (
    what: string,
    work: Promise<{ readonly exitCode: number | null; readonly err: string }>,
  ): Promise<void> => {
    try {
      await work;
    } catch (error) {
      const { err = String(error) } = error as { readonly err?: string };
      throw new Error(`docker-compose ${what} failed: ${err}\n${(await output().catch(() => '')).slice(-4_000)}`, {
        cause: error,
      });
    }
  };
  return {
    up: async () => reporting('up', compose.upAll(options)),
    async down(volumes) {
      kept += await output().catch(() => '');
      const flags = volumes === 'remove' ? ['--volumes', '--timeout', '10'] : ['--timeout', '10'];
      await reporting('down', compose.downAll({ ...options, commandOptions: flags }));
    },
    async container(service) {
      const { stdout } = await run('docker', [
        'ps',
        '--all',
        '--quiet',
        '--filter',
        `label=com.docker.compose.project=${project}`,
        '--filter',
        `label=com.docker.compose.service=${service}`,
      ]);
      return stdout.trim();
    },
    async kill(service) {
      await reporting('kill', compose.kill({ ...options, commandOptions: ['-s', 'SIGKILL', service] }));
    },
    async start(service) {
      await run('docker', ['start', await this.container(service)]);
    },
    restart: async (service) =>
      reporting('restart', compose.restartOne(service, { ...options, commandOptions: ['--timeout', '10'] })),
    services: async () => (await compose.configServices(options)).data.services,
    logs: async () => kept + (await output()),
  };
}

/** Closes everything, also when one of it cannot be closed; throws the first failure afterwards, so that nothing stays open. */
export async function closeAll(...closers: readonly (() => Promise<void> | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** What one `docker` command prints. */
export async function docker(...args: readonly string[]): Promise<string> {
  return (await run('docker', args, { maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
}

/** How a container ended that was run to its end, and what it wrote. */
export async function runContainer(
  args: readonly string[],
): Promise<{ readonly exitCode: number; readonly said: string }> {
  const child = spawn('docker', ['run', '--rm', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', ...args]);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { exitCode, said };
}

/** Waits until `url` answers with `status`; answers how long that took, in milliseconds. */
export async function untilAnswers(url: string, status = 200, deadlineMs = 60_000): Promise<number> {
  const startedMs = performance.now();
  let last = '';
  while (performance.now() - startedMs < deadlineMs) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      if (answer.status === status) return performance.now() - startedMs;
      last = `${String(answer.status)} ${await answer.text()}`;
    } catch (error) {
      last = String(error);
    }
    await pause(50);
  }
  throw new Error(`${url} did not answer ${String(status)} within ${String(deadlineMs)} ms; the last: ${last}`);
}

/** The secrets of a stack as files, like `addon/compose/make-secrets.sh` writes them. */
export async function makeSecrets(key: { readonly accessKey: string; readonly secretKey: string }): Promise<{
  readonly folder: string;
  readonly all: readonly string[];
  remove(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-secrets-'));
  await run(join(composeFolder, 'make-secrets.sh'), [], {
    env: { ...process.env, SECRETS_DIR: folder, CATTLE_ACCESS_KEY: key.accessKey, CATTLE_SECRET_KEY: key.secretKey },
  });
  const { stdout } = await run('sh', ['-c', 'cat cattle-secret-key sealing-key postgres-password'], { cwd: folder });
  return { folder, all: stdout.trim().split('\n'), remove: () => rm(folder, { recursive: true }) };
}

/** Writes a file that only this test needs, and answers its path. */
export async function writeTemporary(name: string, text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'receiver-hooks-e2e-')), name);
  await writeFile(path, text);
  return path;
}
