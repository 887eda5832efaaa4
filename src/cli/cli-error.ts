/** Expected trouble of a command: its message is one line for the person at the terminal, with the remedy. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** 1: it could not be done; 2: the command line makes no sense. */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { readonly exitCode?: 1 | 2; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The command line itself is wrong; exit code 2. */
export function usageError(message: string): CliError {
  return new CliError(message, { exitCode: 2 });
}
