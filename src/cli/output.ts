import { CliError } from './cli-error.ts';
import type { ExitCode } from './context.ts';
import { explainError } from './report-error.ts';

/** A program's standard output and standard error, as commands print to them. */
export interface Output {
  /** @throws CliError when an earlier line could not be written: what would be begun now could not be told of either. */
  print(line: string): void;
  printError(line: string): void;
  /** Waits until all is written; answers the exit code, which is 1 and said in a line when some of it is lost. */
  finish(exitCode: ExitCode): Promise<ExitCode>;
}

/** Prints to the streams. Whoever reads no further (`| head`) misses nothing: that ends no command and is said nowhere. */
export function createOutput(out: NodeJS.WritableStream, err: NodeJS.WritableStream): Output {
  let lost: CliError | undefined;
  let isSaid = false;
  let isReaderGone = false;
  const onWritten = (error?: NodeJS.ErrnoException | null): void => {
    isReaderGone ||= error?.code === 'EPIPE';
    // What is written to a pipe after that fails with other codes.
    if (!error || isReaderGone) return;
    lost ??= new CliError(
      `what was to be printed could not be written (${error.code ?? error.message}), and is lost; see where standard output leads`,
      { cause: error },
    );
  };
  // Without a listener an `error` would end the program in the middle of what it does, with a stack.
  out.on('error', onWritten);
  err.on('error', () => undefined);
  const printError = (line: string): void => void err.write(`${line}\n`);
  return {
    print(line) {
      if (lost !== undefined) {
        isSaid = true;
        throw lost;
      }
      out.write(`${line}\n`, onWritten);
    },
    printError,
    async finish(exitCode) {
      await new Promise<void>((resolve) => out.write('', () => resolve()));
      if (lost === undefined) return exitCode;
      if (!isSaid) printError(explainError(lost).text);
      return 1;
    },
  };
}
