import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PlacedReceiver, RancherIsUp, RancherQuestion } from './rancher-child.ts';

/** A sandbox in a process of its own, so that its work is not counted as anybody else's. */
export interface RancherProcess extends RancherIsUp {
  /** Places a running service; resolves to its id. */
  placeService(service: { readonly name: string; readonly scale: number; readonly projectId: string }): Promise<string>;
  placeReceivers(projectId: string, receivers: readonly PlacedReceiver[]): Promise<void>;
  readScale(serviceId: string): Promise<number>;
  /** API calls to a project that it has received since its start, those aside by which an installation shows that it lives. */
  countCalls(projectId: string): Promise<number>;
  close(): Promise<void>;
}

/** Starts it on a free loopback port. */
export async function startRancher(): Promise<RancherProcess> {
  const child = fork(fileURLToPath(new URL('../main.ts', import.meta.url)), ['rancher']);
  const pending = new Map<number, (answer: unknown) => void>();
  let lastId = 0;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const isUp = new Promise<RancherIsUp>((resolve, reject) => {
    pending.set(0, (answer) => resolve(answer as RancherIsUp));
    child.once('exit', (exitCode) => reject(new Error(`the sandbox ended with ${String(exitCode)}`)));
  });
  child.on('message', ({ id, answer }: { readonly id: number; readonly answer: unknown }) => {
    pending.get(id)?.(answer);
    pending.delete(id);
  });
  const ask = (question: RancherQuestion): Promise<unknown> =>
    new Promise((resolve) => {
      lastId += 1;
      pending.set(lastId, resolve);
      child.send({ id: lastId, question });
    });
  return {
    ...(await isUp),
    placeService: async (service) => (await ask({ ask: 'place-service', ...service })) as string,
    async placeReceivers(projectId, receivers) {
      await ask({ ask: 'place-receivers', projectId, receivers });
    },
    readScale: async (serviceId) => (await ask({ ask: 'scale', serviceId })) as number,
    countCalls: async (projectId) => (await ask({ ask: 'calls', projectId })) as number,
    async close() {
      child.disconnect();
      await ended;
    },
  };
}
