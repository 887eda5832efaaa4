import { drivers } from '../../../src/drivers/drivers.ts';
import { formats } from '../../../src/formats/formats.ts';
import type { Rancher, RancherServer } from '../../../src/rancher/rancher.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
import type { Custody } from '../../../src/receivers/custody.ts';
import type { ReceiverSettings } from '../../../src/receivers/receiver-settings.ts';
import { createReceivers } from '../../../src/receivers/receivers.ts';
import type { Receivers, ReceiversOptions } from '../../../src/receivers/receivers.ts';
import { createSealing } from '../../../src/receivers/sealing.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';

export const projectId = '1a5';
export const urlOf = (key: string): string => `http://hooks.example/endpoint?key=${key}`;
const custody: Custody = { sealing: createSealing(Buffer.alloc(32, 5)), triggerKeys: 'hashed' };

/** One installation's receivers, whose ears are in the test's hands. */
export interface Installed extends Receivers {
  readonly server: RancherServer;
  /** From now on it hears nothing of what changes, as in the second that Rancher's change stream takes. */
  becomeDeaf(): void;
}

/** One Rancher, and any number of installations that keep their receivers in it. */
export interface Installations {
  readonly sandbox: Sandbox;
  readonly serviceId: string;
  install(options?: Partial<ReceiversOptions>): Installed;
  settings(name: string, more?: Partial<ReceiverSettings>): ReceiverSettings;
  /** A receiver as the old service stores it; answers its id. */
  placeOld(name: string, key: string, more?: object): string;
  close(): Promise<void>;
}

export async function startInstallations(): Promise<Installations> {
  const sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
  const serviceId = sandbox.addService({ projectId, scale: 1 });
  const installed: Installed[] = [];
  const settings = (name: string, more: Partial<ReceiverSettings> = {}): ReceiverSettings => ({
    name,
    driver: 'scaleService',
    config: { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 4 },
    format: 'auto',
    formatSettings: {},
    repeatAfterSeconds: 600,
    ...more,
  });
  return {
    sandbox,
    serviceId,
    settings,
    install(options = {}) {
      const { accessKey, secretKey } = sandbox.adminKey;
      const server = connectRancher({ url: sandbox.url, credentials: { accessKey, secretKey }, timeoutMs: 10_000 });
      let isDeaf = false;
      const receivers = createReceivers({
        rancherServer: { project: (id) => hearing(server.project(id), () => !isDeaf) },
        kinds: { drivers, formats },
        custody,
        lateWriteMs: 300,
        ...options,
      });
      const becomeDeaf = (): void => {
        isDeaf = true;
      };
      const one = { ...receivers, server, becomeDeaf };
      installed.push(one);
      return one;
    },
    placeOld: (name, key, more = {}) =>
      sandbox.addGenericObject({
        projectId,
        kind: 'webhookReceiver',
        name,
        key,
        resourceData: { url: 'http://old/', driver: 'scaleService', config: settings(name).config, ...more },
      }),
    async close() {
      for (const one of installed) {
        await one.close();
        await one.server.close();
      }
      await sandbox.close();
    },
  };
}

/** The same project, whose changes are heard only while `hears` says so; its stream stays as lively as it is. */
function hearing(rancher: Rancher, hears: () => boolean): Rancher {
  const changes: Rancher['changes'] = () => {
    const stream = rancher.changes();
    return {
      silentForMs: () => stream.silentForMs(),
      watch: (watcher) =>
        stream.watch({
          onChange: (resource) => {
            if (hears()) watcher.onChange(resource);
          },
          onResync: () => {
            watcher.onResync();
          },
        }),
    };
  };
  return { ...rancher, changes };
}

/** Waits until something is so. */
export async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await isReached())) {
    if (performance.now() > deadline) throw new Error('not reached within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Asks until an answer costs Rancher nothing: the stream is up and the receivers are loaded. */
export async function untilCached({ calls }: Sandbox, receivers: Receivers, key: string): Promise<void> {
  const lookUps = (): number => calls.count({ method: 'GET', path: /genericobjects/i });
  await until(async () => {
    const before = lookUps();
    await receivers.findByKey(projectId, key);
    return lookUps() === before;
  });
}
