import { readServeConfig } from '../../config/read-config.ts';
import type { CliContext, ExitCode } from '../context.ts';
import { runUntilSignal } from '../run-until-signal.ts';
import { namingPort } from '../system-errors.ts';

/** Serves the Rancher that `CATTLE_*` name until a signal ends it. @throws ConfigurationError, CliError */
export async function serve(context: CliContext): Promise<ExitCode> {
  const config = readServeConfig(context.environment);
  const { host, port } = config;
  const service = await namingPort({ host, port, portVariable: 'PORT' }, () => context.startService(config));
  return runUntilSignal(context, () => service.close());
}
