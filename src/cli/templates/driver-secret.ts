import { readFileSync } from 'node:fs';
import { readDriverSecretConfig } from '../../config/read-config.ts';
import type { Environment } from '../../config/environment.ts';
import { CliError, usageError } from '../cli-error.ts';
import { findSystemError } from '../system-errors.ts';

export interface SecretOptions {
  readonly secretFile?: string;
  readonly secretStdin?: true;
}

/**
 * The machine driver's secret, from a file, standard input or `ECS_ACCESS_KEY_SECRET`; never from the command line, which
 * other users of the machine can see. Standard input is read to its end.
 * @throws CliError, ConfigurationError; no message holds any of it
 */
export function readDriverSecret(options: SecretOptions, environment: Environment): string {
  if (options.secretFile !== undefined && options.secretStdin) {
    throw usageError('give the secret with --secret-file or with --secret-stdin, not both');
  }
  const source = options.secretStdin ? 'standard input' : (options.secretFile ?? 'ECS_ACCESS_KEY_SECRET');
  const text =
    options.secretStdin || options.secretFile !== undefined
      ? readText(options.secretFile)
      : readDriverSecretConfig(environment);
  if (text === undefined) {
    throw new CliError(
      "the machine driver's secret is needed for templates that are to be made; nothing was changed, give --secret-file, --secret-stdin or ECS_ACCESS_KEY_SECRET",
    );
  }
  const secret = text.trim();
  if (!/^[\x21-\x7e]{1,255}$/.test(secret)) {
    throw new CliError(
      `the secret from ${source} is ${secret === '' ? 'empty' : 'not one word of printable characters'}; give the decrypted access key secret alone`,
    );
  }
  return secret;
}

function readText(file: string | undefined): string {
  try {
    return readFileSync(file ?? 0, 'utf8');
  } catch (error) {
    const reason = findSystemError(error)?.code ?? 'unknown reason';
    const name = file === undefined ? 'standard input' : `the file "${file}"`;
    throw new CliError(`the secret cannot be read from ${name} (${reason})`, { cause: error });
  }
}
