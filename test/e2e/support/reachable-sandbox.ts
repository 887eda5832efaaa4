import fetch from 'node-fetch';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox, SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { docker } from './stack.ts';

/** A sandbox of this process on the address of Docker's own bridge: containers reach it, other machines do not. */
export async function startReachableSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = await docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}');
  return startSandbox({ host, readLatencyMs: 1, writeLatencyMs: 3, speed: 20, ...options });
}

/** A service in the sandbox and the trigger URL of a receiver that adds one container to it, made as a user makes it. */
export async function makeReceiver(
  url: string,
  sandbox: Sandbox,
  name: string,
): Promise<{ readonly serviceId: string; readonly triggerUrl: string }> {
  const serviceId = sandbox.addService({ projectId: '1a5', name, scale: 1 });
  const { accessKey, secretKey } = sandbox.project.keys.project;
  const answer = await fetch(`${url}/v1-webhooks/receivers?projectId=1a5`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`,
    },
    body: JSON.stringify({
      name: `${name}-up`,
      driver: 'scaleService',
      scaleServiceConfig: { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 1_000 },
    }),
  });
  const body = (await answer.json()) as { readonly url?: string };
  if (body.url === undefined) throw new Error(`no receiver was made: ${JSON.stringify(body)}`);
  return { serviceId, triggerUrl: body.url };
}

/** The service's scale as Rancher has it. */
export function scaleOf(sandbox: Sandbox, serviceId: string): unknown {
  return sandbox.inspect(serviceId)?.['scale'];
}
