import { startSandbox } from '../sandbox/sandbox.ts';
import type { RunningSandbox } from './running-service.ts';

/** Starts the sandbox as `try` and `sandbox` show it: on loopback, one project, its well-known key. Throws when the port is taken. */
export async function startDemoSandbox({ port }: { readonly port: number }): Promise<RunningSandbox> {
  const sandbox = await startSandbox({ port });
  const { projectId, keys } = sandbox.project;
  return { url: `${sandbox.url}/v2-beta`, ...keys.project, projectId, close: () => sandbox.close() };
}
