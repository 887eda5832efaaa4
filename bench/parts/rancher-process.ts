import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  PlacedBenchMachine,
  PlacedBenchService,
  PlacedReceiver,
  RancherIsUp,
  RancherQuestion,
  SeenCall,
  SeenHost,
} from './rancher-child.ts';

/** A sandbox in a process of its own, so that its work is not counted as anybody else's. */
export interface RancherProcess extends RancherIsUp {
  /** Places a running service; resolves to its id. */
  placeService(service: PlacedBenchService): Promise<string>;
  /** Places a machine host, and the environment's only template for its driver with the secrets of its config. */
  placeMachine(machine: PlacedBenchMachine): Promise<void>;
  placeReceivers(projectId: string, receivers: readonly PlacedReceiver[]): Promise<void>;
  readScale(serviceId: string): Promise<number>;
  /** API calls to a project that it has received since its start, or since they were forgotten, those aside by which an installation shows that it lives. */
  countCalls(projectId: string): Promise<number>;
  /** `active docker:nginx:1`: state and image of each service. */
  readImages(serviceIds: readonly string[]): Promise<readonly string[]>;
  /** The hosts of a project that have a hostname and are not removed. */
  readHosts(projectId: string): Promise<readonly SeenHost[]>;
  /** How many of them were under way at once, at most. */
  countCallsAtOnce(): Promise<number>;
  forgetCalls(): Promise<void>;
  readCalls(): Promise<readonly SeenCall[]>;
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
    async placeMachine(machine) {
      await ask({ ask: 'place-machine', ...machine });
    },
    readImages: async (serviceIds) => (await ask({ ask: 'images', serviceIds })) as readonly string[],
    readHosts: async (projectId) => (await ask({ ask: 'hosts', projectId })) as readonly SeenHost[],
    countCallsAtOnce: async () => (await ask({ ask: 'calls-at-once' })) as number,
    async forgetCalls() {
      await ask({ ask: 'forget-calls' });
    },
    readCalls: async () => (await ask({ ask: 'log' })) as readonly SeenCall[],
    async close() {
      child.disconnect();
      await ended;
    },
  };
}
