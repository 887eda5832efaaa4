import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseName, type RancherAccess, type ServiceConfig, type TryConfig } from '../../config/config.ts';
import { readTryConfig } from '../../config/read-config.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext, ExitCode } from '../context.ts';
import type { RunningSandbox, RunningService } from '../running-service.ts';
import { runUntilSignal } from '../run-until-signal.ts';
import { namingPort } from '../system-errors.ts';
import { sayHowToGoOn, sayWhatToTry } from '../try-lines.ts';

/** Starts everything there is to try and prints what to type; ends at a signal. @throws ConfigurationError, CliError */
export async function tryOut(context: CliContext): Promise<ExitCode> {
  const config = readTryConfig(context.environment);
  // What was opened, the first first; closed in the opposite order, also when a later part does not start.
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).toReversed()) await close();
  };
  try {
    const lines = config.rancher
      ? await serveRancher(config, config.rancher, context, opened)
      : await serveSandbox(config, context, opened);
    for (const line of lines) context.print(line);
    return await runUntilSignal(context, closeAll);
  } finally {
    await closeAll();
  }
}

type Opened = (() => Promise<void>)[];

async function serveSandbox(config: TryConfig, context: CliContext, opened: Opened): Promise<readonly string[]> {
  await refuseHistory(config);
  const { createDemoPool, createDemoReceivers, createDemoService, createPoolReceivers } = await import('../demo.ts');
  const listen = { host: '127.0.0.1', port: config.sandboxPort, portVariable: 'SANDBOX_PORT' };
  const sandbox = await namingPort(listen, () => context.startSandbox({ port: config.sandboxPort }));
  opened.push(() => sandbox.close());
  await createDemoPool(sandbox);
  const webapp = await createDemoService(sandbox);
  const service = await startService(config, accessOf(sandbox), 'sandbox', context, opened);
  const receivers = await createDemoReceivers(service, sandbox, webapp);
  const pool = await createPoolReceivers(service, sandbox);
  return sayWhatToTry({ service, sandbox, webapp, receivers, pool });
}

/** A new sandbox gives the ids of the last one to other things: a key seen there, or a host being made, would count for them. */
async function refuseHistory({ dataDirectory }: TryConfig): Promise<void> {
  if (dataDirectory === undefined) return;
  const { holdsExecutions } = await import('../../storage/sqlite-database.ts');
  if (!holdsExecutions(join(dataDirectory, databaseName))) return;
  throw new CliError(
    `DATA_DIR "${dataDirectory}" holds the history of another run, and a sandbox begins anew each time; leave DATA_DIR out, or name an empty directory`,
  );
}

async function serveRancher(
  config: TryConfig,
  rancher: RancherAccess,
  context: CliContext,
  opened: Opened,
): Promise<readonly string[]> {
  const service = await startService(config, rancher, 'own', context, opened);
  return sayHowToGoOn(service);
}

async function startService(
  config: TryConfig,
  rancher: RancherAccess,
  whose: 'sandbox' | 'own',
  context: CliContext,
  opened: Opened,
): Promise<RunningService> {
  const dataDirectory = config.dataDirectory ?? makeTemporaryDirectory(opened);
  const serviceConfig: ServiceConfig = { ...config.settings, rancher, dataDirectory, isSandbox: whose === 'sandbox' };
  const { host, port } = config.settings;
  const service = await namingPort({ host, port, portVariable: 'PORT' }, () => context.startService(serviceConfig));
  opened.push(() => service.close());
  return service;
}

function makeTemporaryDirectory(opened: Opened): string {
  const directory = makeDirectoryIn(tmpdir());
  opened.push(async () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function makeDirectoryIn(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'receiver-hooks-'));
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw new CliError(
      `cannot make a temporary directory in ${parent} (${code}); set DATA_DIR to a directory that this user may write to`,
      { cause: error },
    );
  }
}

function accessOf({ url, accessKey, secretKey }: RunningSandbox): RancherAccess {
  return { url, accessKey, secretKey };
}
