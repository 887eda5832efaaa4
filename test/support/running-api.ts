import { randomUUID } from 'node:crypto';
import { startDeliveries } from '../../src/callbacks/deliveries.ts';
import { destinationOf } from '../../src/callbacks/destination.ts';
import type { PostOptions } from '../../src/callbacks/post-result.ts';
import { createApi } from '../../src/api/app.ts';
import type { ApiParts } from '../../src/api/api-context.ts';
import type { InstallPlace } from '../../src/api/caller.ts';
import { createProxyAccess } from '../../src/api/proxy-access.ts';
import { createRancherAccess } from '../../src/api/rancher-access.ts';
import { startServer } from '../../src/api/server.ts';
import { mayDial } from '../../src/domain/address-policy.ts';
import type { ReceiverDefaults } from '../../src/config/config.ts';
import type { AnyDriver } from '../../src/drivers/driver.ts';
import { createDrivers } from '../../src/drivers/drivers.ts';
import { startExecutions } from '../../src/executions/executions.ts';
import { formats } from '../../src/formats/formats.ts';
import { createHealth } from '../../src/observability/health.ts';
import { createLogger, type Logger } from '../../src/observability/logger.ts';
import type { Rancher, RancherServer } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import type { Custody } from '../../src/receivers/custody.ts';
import { createReceivers } from '../../src/receivers/receivers.ts';
import { createSealing } from '../../src/receivers/sealing.ts';
import type { Receivers } from '../../src/receivers/receivers.ts';
import { createDemands } from '../../src/router/demands.ts';
import { createRetry } from '../../src/router/retry.ts';
import { createRouterHandler, previewReceiver } from '../../src/router/router-handler.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import { createMemoryTriggerRates } from '../../src/storage/trigger-rates.ts';

/** The whole service on a loopback port, with a sandbox behind it. */
export interface RunningApi {
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly rancherServer: RancherServer;
  readonly receivers: Receivers;
  close(): Promise<void>;
}

export interface RunningApiOptions {
  readonly installPlace?: InstallPlace;
  readonly sandbox?: SandboxOptions;
  readonly parts?: Partial<ApiParts>;
  readonly legacyPublicKey?: string;
  /** For receivers of another provenance, or with other rights, than the real ones take. */
  readonly drivers?: readonly AnyDriver[];
  readonly logger?: Logger;
  /** Where results may be posted to; the real service's policy unless a test has a receiver on loopback. */
  readonly post?: PostOptions;
  readonly trustExistingReceivers?: boolean;
  /** `COOLDOWN_SECONDS` and `ALLOWED_SOURCES`. */
  readonly receiverDefaults?: ReceiverDefaults;
  /** Milliseconds since 1970, as senders' timestamps are compared with. */
  readonly nowMs?: () => number;
  readonly triggerKeys?: Custody['triggerKeys'];
}

/** Puts the parts together as the service does, with its real client, store, executions and formats. */
export async function startApi(options: RunningApiOptions = {}): Promise<RunningApi> {
  const { installPlace = 'own-port', legacyPublicKey } = options;
  const { cooldownSeconds, allowedSources } = options.receiverDefaults ?? { cooldownSeconds: 0 };
  const sources = allowedSources && { defaultAllowedSources: allowedSources };
  const drivers = createDrivers({ scaling: { cooldownSeconds } });
  const sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20, ...options.sandbox });
  const rancherServer = connectRancher({
    url: sandbox.url,
    credentials: { accessKey: sandbox.adminKey.accessKey, secretKey: sandbox.adminKey.secretKey },
  });
  const kinds = { drivers, formats };
  const custody = {
    sealing: createSealing(Buffer.alloc(32, 5)),
    triggerKeys: options.triggerKeys ?? (installPlace === 'rancher-proxy' ? 'plain' : 'hashed'),
  } as const;
  const receivers = createReceivers({
    rancherServer,
    kinds,
    custody,
    ...(legacyPublicKey === undefined ? {} : { legacyPublicKey }),
  });
  const clients = new Map<string, Rancher>();
  const rancher = (projectId: string): Rancher => {
    const client = clients.get(projectId) ?? rancherServer.project(projectId);
    clients.set(projectId, client);
    return client;
  };
  const logger = options.logger ?? createLogger({ level: 'error' });
  const store = await openSqliteStore(':memory:');
  const executions = startExecutions({
    store,
    drivers: new Map(drivers.map((driver) => [driver.id, driver])),
    rancher,
    isLive: (projectId, receiverId) => receivers.isLive(projectId, receiverId),
    holder: randomUUID(),
    log: logger,
  });
  const access =
    installPlace === 'rancher-proxy'
      ? createProxyAccess()
      : createRancherAccess({
          rancherServer,
          drivers: options.drivers ?? drivers,
          requireProject: (projectId) => receivers.rancherOf(projectId),
        });
  const rates = createMemoryTriggerRates();
  const demands = createDemands({
    sealing: custody.sealing,
    drivers: options.drivers ?? drivers,
    rates,
    installPlace,
    trustExistingReceivers: options.trustExistingReceivers ?? installPlace === 'rancher-proxy',
    ...(options.nowMs === undefined ? {} : { nowMs: options.nowMs }),
    ...sources,
  });
  const deliveries = startDeliveries({
    store,
    sealing: custody.sealing,
    holder: randomUUID(),
    post: options.post ?? { mayDial: (address) => mayDial(address, 'refused'), rancherUrl: sandbox.url },
    log: logger,
    timing: { lookEveryMs: 20, firstPauseMs: 20, longestPauseMs: 50 },
  });
  const app = createApi({
    receivers,
    routerHandler: createRouterHandler({
      receivers,
      drivers: options.drivers ?? drivers,
      formats,
      executions,
      demands,
      callbackOf: destinationOf,
    }),
    preview: async (receiver) => (await previewReceiver(executions, receiver)).body,
    history: executions,
    cancel: (projectId, id) => executions.cancel(projectId, id),
    retry: createRetry({ drivers: options.drivers ?? drivers, executions, store, demands, callbackOf: destinationOf }),
    kinds,
    access,
    installPlace,
    health: createHealth([]),
    logger,
    version: '0.0.0-test',
    ...sources,
    ...options.parts,
  });
  const server = await startServer(app, { host: '127.0.0.1', port: 0, graceMs: 1_000 });
  return {
    url: `http://127.0.0.1:${String(server.port)}`,
    sandbox,
    rancherServer,
    receivers,
    async close() {
      await server.close();
      await deliveries.close();
      await executions.close();
      await store.close();
      await receivers.close();
      await rancherServer.close();
      await sandbox.close();
    },
  };
}

/** Basic authentication of one of the sandbox's keys. */
export function basic(key: { readonly accessKey: string; readonly secretKey: string }): string {
  return `Basic ${Buffer.from(`${key.accessKey}:${key.secretKey}`).toString('base64')}`;
}
