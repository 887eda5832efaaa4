import type { Environment } from '../config/environment.ts';
import type { StartSandbox, StartService } from './running-service.ts';

/** What a command may use of the world outside; tests pass their own. */
export interface CliContext {
  readonly environment: Environment;
  /** One line to standard output. */
  print(line: string): void;
  /** One line to standard error. */
  printError(line: string): void;
  /** Calls back at every SIGINT and SIGTERM until the returned function is called. */
  onSignal(callback: () => void): () => void;
  readonly startService: StartService;
  readonly startSandbox: StartSandbox;
}

/** A command answers with the program's exit code. */
export type ExitCode = number;
