import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { bundled } from '../bundles.ts';
import { onSmallDisk } from '../small-disk.ts';
import type { Doom } from './doomed-service.ts';
import { quickTiming } from '../executions-under-test.ts';

/** The service as a process of its own, which may die at any time. */
export interface ChildService {
  readonly url: string;
  readonly process: ChildProcess;
  /** Resolves when the process is gone, however it went. */
  readonly gone: Promise<unknown>;
  /** What it has written to its log until now. */
  readonly log: () => string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface ChildOptions {
  readonly sandbox: Sandbox;
  readonly dataDirectory: string;
  readonly port?: number;
  readonly databaseUrl?: string;
  readonly dieAt?: Doom['dieAt'];
  readonly stopBeforeSending?: boolean;
  readonly timing?: Doom['timing'];
  /** A module beside this one that every thread of the process loads first. */
  readonly preload?: string;
  /** Beside the environment of the tests. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Its data directory is a disk of its own of so many KiB, which nobody else sees; `fillDisk` fills it. */
  readonly diskKib?: number;
}

/** Starts it and waits until it listens, or is gone. */
export async function startChildService(options: ChildOptions): Promise<ChildService> {
  const { accessKey, secretKey } = options.sandbox.project.keys.project;
  const doom: Doom = {
    config: {
      rancher: { url: options.sandbox.url, accessKey, secretKey },
      host: '127.0.0.1',
      port: options.port ?? 0,
      installPlace: 'own-port',
      logLevel: 'error',
      dataDirectory: options.dataDirectory,
      isSandbox: true,
      triggerKeys: 'plain',
      trustExistingReceivers: true,
      trustedHops: 0,
      allowPrivateCallbacks: false,
      receiverDefaults: { cooldownSeconds: 0 },
      history: { days: 30, limit: 100_000 },
      // Several replicas must share one.
      sealingKey: Buffer.alloc(32, 7).toString('base64'),
      ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
    },
    // A busy machine may need twenty seconds for two restarts, and no trigger may be declared too late for that.
    timing: { ...quickTiming, answerWithinMs: 5_000, sendWithinMs: 100_000, ...options.timing },
    ...(options.dieAt === undefined ? {} : { dieAt: options.dieAt }),
    stopBeforeSending: options.stopBeforeSending ?? false,
  };
  const { diskKib, dataDirectory, preload } = options;
  const preloads = preload === undefined ? [] : ['--import', new URL(preload, import.meta.url).href];
  const command = [process.execPath, ...preloads, bundled('doomed-service'), JSON.stringify(doom)];
  const [program = '', ...parameters] =
    diskKib === undefined ? command : onSmallDisk(command, { directory: dataDirectory, kib: diskKib });
  const child = spawn(program, parameters, {
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complained = '';
  child.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()));
  const gone = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const listening = /listening (\d+)/.exec(said);
      if (listening !== null) resolve(Number(listening[1]));
    });
    child.once('exit', () => reject(new Error(`the service did not start: ${said}${complained}`)));
  });
  return {
    url: `http://127.0.0.1:${String(port)}`,
    process: child,
    gone,
    log: () => said,
    async kill(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
  };
}

/** Ends the process if it has not ended by itself. */
export async function endChildService(child: ChildService | undefined): Promise<void> {
  await child?.kill('SIGKILL');
}
