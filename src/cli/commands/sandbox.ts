import { readSandboxConfig } from '../../config/read-config.ts';
import type { CliContext, ExitCode } from '../context.ts';
import { runUntilSignal } from '../run-until-signal.ts';
import { namingPort } from '../system-errors.ts';

/** Runs the sandbox alone until a signal ends it. @throws ConfigurationError, CliError */
export async function sandbox(context: CliContext): Promise<ExitCode> {
  const { port } = readSandboxConfig(context.environment);
  const listen = { host: '127.0.0.1', port, portVariable: 'SANDBOX_PORT' };
  const running = await namingPort(listen, () => context.startSandbox({ port }));
  const key = `${running.accessKey}:${running.secretKey}`;
  context.print(`sandbox (an in-process Rancher 1.6) at ${running.url}, environment ${running.projectId}`);
  context.print('');
  context.print(`  curl -u ${key} "${running.url}/projects/${running.projectId}/services"`);
  context.print('');
  context.print('To serve it, in another terminal:');
  context.print('');
  const environment = `CATTLE_URL=${running.url} CATTLE_ACCESS_KEY=${running.accessKey} CATTLE_SECRET_KEY=${running.secretKey}`;
  context.print(`  ${environment} npm run serve`);
  context.print('');
  context.print('Ctrl-C ends it; everything in it is gone then.');
  return runUntilSignal(context, () => running.close());
}
