import { Option, type Command } from 'commander';
import { readClientConfig } from '../../config/read-config.ts';
import { usageError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { createServiceClient, type ServiceClient } from './service-client.ts';

/** The options every command has that calls a running service. */
export interface ConnectionOptions {
  readonly url: string;
  readonly project?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
}

/** Adds `--url`, `--project`, `--access-key` and `--secret-key` to a command. */
export function withConnectionOptions(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'address of the service').default('http://127.0.0.1:8085'))
    .addOption(new Option('--project <id>', 'environment, as 1a5 (default: the one in CATTLE_URL)'))
    .addOption(new Option('--access-key <key>', 'your Rancher API key (default: CATTLE_ACCESS_KEY)'))
    .addOption(
      new Option('--secret-key <key>', 'its secret (default: CATTLE_SECRET_KEY, which other users cannot see)'),
    );
}

/**
 * A client for the service the options and the environment name.
 * @throws CliError (exit code 2) naming the option that is missing or wrong.
 */
export function connectToService(options: ConnectionOptions, context: CliContext): ServiceClient {
  const config = readClientConfig(context.environment);
  const projectId = options.project ?? config.projectId;
  if (projectId === undefined) {
    throw usageError(
      'which environment? give --project, as --project 1a5 (it stands in the address of its page in Rancher)',
    );
  }
  if (!/^https?:$/.test(URL.parse(options.url)?.protocol ?? '')) {
    throw usageError(`--url "${options.url}" is not an http or https address; write it as http://127.0.0.1:8085`);
  }
  const accessKey = options.accessKey ?? config.accessKey;
  const secretKey = options.secretKey ?? config.secretKey;
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    const missing = accessKey === undefined ? '--access-key or CATTLE_ACCESS_KEY' : '--secret-key or CATTLE_SECRET_KEY';
    throw usageError(`half a key was given; ${missing} is missing`);
  }
  const key = accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey };
  return createServiceClient({ url: options.url, projectId, ...(key && { key }) });
}
