import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import fetch from 'node-fetch';

export interface ProgramOptions {
  /** Looked for in PATH. */
  readonly program: string;
  /** The Debian package that brings it: named when it is missing. */
  readonly debianPackage: string;
  readonly args: readonly string[];
  /** Answers 200 once the program is ready. */
  readonly readyUrl: string;
}

/** Somebody else's server on loopback. */
export interface Program {
  close(): Promise<void>;
}

const startWithinMs = 20_000;

/** Starts it and waits until it is ready. @throws Error naming the package when it is missing, else with the program's last words */
export async function startProgram({ program, debianPackage, args, readyUrl }: ProgramOptions): Promise<Program> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    await once(child, 'spawn');
  } catch (error) {
    const remedy = `install Debian's package ${debianPackage}, or run as root: addon/ci/install-programs.sh`;
    throw new Error(`${program} could not be started; ${remedy}`, { cause: error });
  }
  const gone = once(child, 'exit');
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const close = async (): Promise<void> => {
    // What it keeps is thrown away: nothing is gained by letting it tidy up.
    if (isRunning()) child.kill('SIGKILL');
    await gone;
  };
  const deadlineMs = performance.now() + startWithinMs;
  while (isRunning() && performance.now() < deadlineMs) {
    if (await answersOk(readyUrl)) return { close };
    await pause(50);
  }
  await close();
  throw new Error(`${program} did not become ready: ${said.slice(-2_000)}`);
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
