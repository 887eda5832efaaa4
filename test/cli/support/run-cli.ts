import type { CliContext } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line inside this process. What is not given must not be used. */
export async function runCli(args: readonly string[], given: Partial<CliContext> = {}): Promise<CliResult> {
  const out: string[] = [];
  const err: string[] = [];
  const unexpected = (): never => {
    throw new Error('this command must not start anything');
  };
  const exitCode = await runCommandLine(args, {
    environment: {},
    print: (line) => void out.push(line),
    printError: (line) => void err.push(line),
    onSignal: unexpected,
    startService: unexpected,
    startSandbox: unexpected,
    ...given,
  });
  return { exitCode, out: out.join('\n'), err: err.join('\n') };
}
