import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { createApi } from '../api/app.ts';
import { createProxyAccess } from '../api/proxy-access.ts';
import { createRancherAccess } from '../api/rancher-access.ts';
import { startServer } from '../api/server.ts';
import { startDeliveries } from '../callbacks/deliveries.ts';
import { destinationOf } from '../callbacks/destination.ts';
import { databaseName, type ServiceConfig } from '../config/config.ts';
import { mayDial } from '../domain/address-policy.ts';
import { ServiceError } from '../domain/errors.ts';
import { createDrivers } from '../drivers/drivers.ts';
import type { ForwardPostOptions } from '../drivers/forward-post.ts';
import { startExecutions } from '../executions/executions.ts';
import type { Step } from '../executions/lane-context.ts';
import { startPruning } from '../executions/pruning.ts';
import type { Timing } from '../executions/timing.ts';
import { formats } from '../formats/formats.ts';
import type { PresenceTiming } from '../installations/presence.ts';
import {
  changeStreamCheck,
  createHealth,
  hostKeyCheck,
  rancherCheck,
  storeCheck,
  tellTroubles,
} from '../observability/health.ts';
import { onlyExecutorCheck } from '../observability/only-executor-check.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { connectRancher } from '../rancher/server.ts';
import type { Rancher } from '../rancher/rancher.ts';
import { readOrMakeSealingKey } from '../receivers/sealing-key-file.ts';
import { createSealing } from '../receivers/sealing.ts';
import type { Custody } from '../receivers/custody.ts';
import { createReceivers } from '../receivers/receivers.ts';
import { createDemands } from '../router/demands.ts';
import { createRetry } from '../router/retry.ts';
import { createRouterHandler, previewReceiver } from '../router/router-handler.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { createMemoryTriggerRates, type TriggerRateCounter } from '../storage/trigger-rates.ts';
import { createForwarding } from './forwarding.ts';
import { projectsWithoutHostKey } from './host-key.ts';
import { countReceivers, measuredExecutions, measuredRouterHandler, measuredStore } from './measured.ts';
import { startOwnPresence } from './presence.ts';
import type { RunningService } from './running-service.ts';
import { readVersion } from './version.ts';

/** What tests set and operators do not. */
export interface ServiceSeams {
  readonly timing?: Partial<Timing>;
  readonly presence?: Partial<PresenceTiming>;
  /** Told each step of a trigger's way as it is reached. */
  readonly reached?: (step: Step) => void;
  /** Which addresses are containers: those of a test are on this machine, which no container of Rancher's may be. */
  readonly mayForwardTo?: ForwardPostOptions['mayDial'];
}

/**
 * Starts the whole service: the one place that knows every concrete part.
 * @throws ServiceError STORE_UNAVAILABLE, SETTINGS_INVALID, or the system's error when the port cannot be had; nothing is left open then.
 */
export async function startService(config: ServiceConfig, seams: ServiceSeams = {}): Promise<RunningService> {
  const version = readVersion();
  const logger = createLogger({
    level: config.logLevel,
    secrets: [
      config.rancher.secretKey,
      config.rancher.hostKey?.secretKey,
      config.databaseUrl,
      config.sealingKey,
    ].filter((text) => text !== undefined),
  });
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    // The last opened is closed first: what answers callers goes before what it answers from.
    for (const close of opened.toReversed()) await close();
  };
  try {
    const metrics = createMetrics(version, {
      unfinished: () => store.measureUnfinished(),
      receivers: () => countReceivers(receivers),
      checks: async () => (await health.report()).checks,
    });
    const { rancher } = config;
    const rancherServer = connectRancher({
      url: rancher.url,
      credentials: { accessKey: rancher.accessKey, secretKey: rancher.secretKey },
      ...(rancher.hostKey === undefined ? {} : { hostCredentials: rancher.hostKey }),
      observe: (call) => metrics.rancherCalled(call),
    });
    opened.push(() => rancherServer.close());
    const store = measuredStore(await openStore(config, logger), metrics);
    opened.push(() => store.close());

    const custody = await readCustody(config);
    const { cooldownSeconds, allowedSources } = config.receiverDefaults;
    const drivers = createDrivers({
      scaling: { cooldownSeconds },
      ...(config.installPlace === 'own-port' && {
        forwardPost: {
          ...createForwarding({ rancherUrl: rancher.url, sealing: custody.sealing }),
          ...(seams.mayForwardTo !== undefined && { mayDial: seams.mayForwardTo }),
        },
      }),
    });
    const kinds = { drivers, formats };
    const receivers = createReceivers({
      rancherServer,
      kinds,
      custody,
      ...(config.legacyHookPublicKey === undefined ? {} : { legacyPublicKey: config.legacyHookPublicKey }),
      onReloadFailed: (projectId, error) =>
        logger.warn({ projectId, err: error }, 'receivers could not be read, looking each up'),
    });
    opened.push(() => receivers.close());
    const clients = new Map<string, Rancher>();
    const rancherOf = (projectId: string): Rancher => {
      const client = clients.get(projectId) ?? rancherServer.project(projectId);
      clients.set(projectId, client);
      return client;
    };
    const started = startExecutions({
      store,
      drivers: new Map(drivers.map((driver) => [driver.id, driver])),
      rancher: rancherOf,
      isLive: (projectId, receiverId) => receivers.isLive(projectId, receiverId),
      holder: ulid(),
      log: logger,
      ...seams,
    });
    opened.push(() => started.close());
    const pruning = startPruning({ store, history: config.history, log: logger });
    opened.push(() => pruning.close());
    const executions = measuredExecutions(started, metrics);
    const presence = await startOwnPresence({
      config,
      store,
      rancherServer,
      rancherOf,
      receivers,
      logger,
      ...(seams.presence === undefined ? {} : { timing: seams.presence }),
    });
    opened.push(() => presence.close());
    const checks = [
      storeCheck(() => store.ping()),
      rancherCheck(() => rancherServer.identify()),
      changeStreamCheck(() => receivers.silentForMs()),
      hostKeyCheck(() => projectsWithoutHostKey(receivers, rancherOf)),
      onlyExecutorCheck(() => presence.executors()),
    ];
    const health = createHealth(checks);

    const rates =
      config.databaseUrl === undefined ? createMemoryTriggerRates() : await openSharedRates(config.databaseUrl);
    opened.push(() => rates.close());
    const demands = createDemands({
      sealing: custody.sealing,
      drivers,
      rates,
      installPlace: config.installPlace,
      trustExistingReceivers: config.trustExistingReceivers,
      ...(allowedSources && { defaultAllowedSources: allowedSources }),
    });

    const privateAddresses = config.allowPrivateCallbacks ? 'allowed' : 'refused';
    const mayCallBack = (address: string): boolean => mayDial(address, privateAddresses);
    const deliveries = startDeliveries({
      store,
      sealing: custody.sealing,
      holder: ulid(),
      post: { mayDial: mayCallBack, rancherUrl: rancher.url },
      log: logger,
    });
    opened.push(() => deliveries.close());

    const app = createApi({
      receivers,
      routerHandler: measuredRouterHandler(
        createRouterHandler({ receivers, drivers, formats, executions, demands, callbackOf: destinationOf }),
        metrics,
      ),
      preview: async (receiver) => (await previewReceiver(executions, receiver)).body,
      history: executions,
      cancel: (projectId, id) => executions.cancel(projectId, id),
      retry: createRetry({ drivers, executions, store, demands, callbackOf: destinationOf }),
      kinds,
      access:
        config.installPlace === 'rancher-proxy'
          ? createProxyAccess()
          : createRancherAccess({
              rancherServer,
              drivers,
              requireProject: (projectId) => receivers.rancherOf(projectId),
            }),
      installPlace: config.installPlace,
      trustedHops: config.trustedHops,
      ...(allowedSources && { defaultAllowedSources: allowedSources }),
      mayCallBack,
      health,
      metrics,
      logger,
      version,
      ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
      ...(config.isSandbox ? { answerHeaders: { 'X-Receiver-Hooks-Sandbox': '1' } } : {}),
    });
    const server = await startServer(app, { host: config.host, port: config.port, graceMs: 4_000 });
    opened.push(() => server.close());
    const url = `http://${urlHost(config.host)}:${String(server.port)}`;
    logger.info({ url, version, installPlace: config.installPlace }, 'receiver hooks are listening');
    // A look of its own: whoever asks /readyz right after the start is not told what was so before.
    void tellTroubles(createHealth(checks), logger);
    let closing: Promise<void> | undefined;
    return {
      url,
      port: server.port,
      close() {
        closing ??= executions.close().then(closeAll);
        return closing;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function openSharedRates(databaseUrl: string): Promise<TriggerRateCounter> {
  const { openPostgresTriggerRates } = await import('../storage/postgres-trigger-rates.ts');
  return openPostgresTriggerRates(databaseUrl);
}

async function openStore(config: ServiceConfig, logger: Logger): Promise<Store> {
  if (config.databaseUrl !== undefined) {
    // Loaded only where it is used: PostgreSQL's client takes memory that a service on SQLite does not need.
    const { openPostgresStore } = await import('../storage/postgres-store.ts');
    return openPostgresStore({
      url: config.databaseUrl,
      onIdleError: (reason) => logger.warn({ reason }, 'a connection to PostgreSQL broke, another will be made'),
    });
  }
  try {
    // Not recursive: Node never returns from that where the file system answers that nothing exists (/proc).
    await mkdir(config.dataDirectory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new ServiceError(
        'STORE_UNAVAILABLE',
        `cannot make the data directory ${config.dataDirectory}; make its parent, and check DATA_DIR and its rights`,
        { cause: error },
      );
    }
  }
  return openSqliteStore(join(config.dataDirectory, databaseName));
}

/** Without a given key one is made beside the database, which only one process can have open. */
async function readCustody({ sealingKey, dataDirectory, triggerKeys }: ServiceConfig): Promise<Custody> {
  const key = sealingKey === undefined ? await readOrMakeSealingKey(dataDirectory) : Buffer.from(sealingKey, 'base64');
  return { sealing: createSealing(key), triggerKeys };
}

/** As a caller on this machine reaches it. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
