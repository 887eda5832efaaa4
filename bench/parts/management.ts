import { setTimeout as sleep } from 'node:timers/promises';
import fetch from 'node-fetch';
import type { RancherProcess } from './rancher-process.ts';
import type { ServiceProcess } from './service-process.ts';

type Project = RancherProcess['projects'][number];
type Body = Readonly<Record<string, unknown>>;

const lookAgainMs = 200;
const endsWithinMs = 120_000;

/** Calls the service's API as the owner of an environment does. */
export interface Management {
  /** Makes a receiver; resolves to its trigger URL. */
  createReceiver(receiver: Body): Promise<string>;
  /** Waits until nothing of the environment is under way any more. Throws when that takes two minutes. */
  untilAllEnded(): Promise<void>;
}

/** Connects to a service with the key of a project; nothing is sent yet. */
export function manage(service: ServiceProcess, { projectId, accessKey, secretKey }: Project): Management {
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const call = async (path: string, body?: Body): Promise<Body> => {
    const separator = path.includes('?') ? '&' : '?';
    const answer = await fetch(`${service.url}/v1-webhooks${path}${separator}projectId=${projectId}`, {
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the service answered ${String(answer.status)} to ${path}: ${text}`);
    return JSON.parse(text) as Body;
  };
  const countInState = async (state: string): Promise<number> =>
    ((await call(`/executions?limit=1000&state=${state}`))['data'] as readonly unknown[]).length;
  return {
    createReceiver: async (receiver) => String((await call('/receivers', receiver))['url']),
    async untilAllEnded() {
      const untilMs = performance.now() + endsWithinMs;
      while ((await countInState('waiting')) + (await countInState('under-way')) > 0) {
        if (performance.now() > untilMs) throw new Error('executions are still under way after two minutes');
        await sleep(lookAgainMs);
      }
    },
  };
}
