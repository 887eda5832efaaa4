import { ServiceError } from '../domain/errors.ts';
import { ConfigurationError } from '../config/mistakes.ts';
import { redactText } from '../observability/redaction.ts';
import { CliError } from './cli-error.ts';
import { findSystemError } from './system-errors.ts';

/** What is printed for an error, and the exit code. Expected trouble is said in a line; only a fault of ours shows its stack. */
export function explainError(error: unknown): { readonly text: string; readonly exitCode: number } {
  const say = (message: string, exitCode = 1) => ({ text: `receiver-hooks: ${redactText(message)}`, exitCode });
  if (error instanceof CliError) return say(error.message, error.exitCode);
  if (error instanceof ConfigurationError) return say(`cannot start, ${error.message}`);
  if (error instanceof ServiceError) return say(`${error.message} (${error.code})`);
  const systemError = findSystemError(error);
  if (systemError !== undefined) return say(systemError.message);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return say(`unexpected fault, please report it: ${stack}`);
}
