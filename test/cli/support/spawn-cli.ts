import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface SpawnedCli {
  readonly pid: number | undefined;
  /** Resolves with the match once standard output, or error, holds it; rejects with all output when the program ends before. */
  output(pattern: RegExp): Promise<RegExpExecArray>;
  send(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly out: string; readonly err: string }>;
  /** For `afterEach`: a program that a failed test left behind. */
  kill(): void;
}

/** Starts the real program with only the given environment. */
export function spawnCli(args: readonly string[], environment: Record<string, string> = {}): SpawnedCli {
  const child = spawn(process.execPath, [main, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  const heard = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    heard();
  });
  let hasEnded = false;
  const ended = new Promise<{ exitCode: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (exitCode) => {
      hasEnded = true;
      resolve({ exitCode, out, err });
      heard();
    });
  });
  return {
    pid: child.pid,
    output: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(out) ?? pattern.exec(err);
          if (match) resolve(match);
          else if (hasEnded) reject(new Error(`ended without ${String(pattern)}:\n${out}\n${err}`));
          else return;
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
    send: (signal) => void child.kill(signal),
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
}
