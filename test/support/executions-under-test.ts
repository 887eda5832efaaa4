import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { drivers } from '../../src/drivers/drivers.ts';
import type { Execution } from '../../src/executions/execution.ts';
import { startExecutions, type Executions, type ExecutionsOptions } from '../../src/executions/executions.ts';
import type { Submission, Submitted } from '../../src/executions/submission.ts';
import type { Timing } from '../../src/executions/timing.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import type { Rancher } from '../../src/rancher/rancher.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { Store } from '../../src/storage/store.ts';

/** Everything a thirtieth as long, in the same proportions. */
export const quickTiming: Partial<Timing> = {
  rancherTimeoutMs: 400,
  leaseMs: 1_200,
  sendWithinMs: 20_000,
  lateWriteMs: 3_000,
  lookAgainMs: 50,
  answerWithinMs: 8_000,
  sweepEveryMs: 100,
  retryFirstMs: 20,
  retryLongestMs: 200,
  pollEveryMs: 100,
  followEveryMs: 50,
};

interface ScaleRequest {
  readonly serviceId: string;
  /** `1a5` where none is given. */
  readonly projectId?: string;
  readonly action?: 'up' | 'down';
  readonly amount?: number;
  readonly min?: number;
  readonly max?: number;
  readonly onLimit?: 'reject' | 'clamp';
  readonly cooldownSeconds?: number;
  readonly receiverId?: string;
  readonly dedupeKey?: string;
  readonly idempotencyKey?: string;
  readonly body?: string;
  readonly wait?: Submission['wait'];
  readonly repeatAfterSeconds?: number;
}

/** A process of ours without its HTTP edge: the executions on a store and a Rancher client. */
export interface Replica {
  readonly executions: Executions;
  readonly store: Store;
  scale(request: ScaleRequest): Promise<Submitted>;
  /** Waits for the end of an execution, however long the caller's budget was. */
  ended(executionId: string): Promise<Execution>;
  close(): Promise<void>;
}

/** A sandbox, and replicas of ours that serve it. */
export interface Bench {
  readonly sandbox: Sandbox;
  readonly directory: string;
  scaleOf(serviceId: string): number;
  /** A client of project 1a5 with its own connections. */
  connect(): Rancher;
  addReplica(
    options?: {
      readonly store?: Store;
      readonly file?: string;
      readonly timing?: Partial<Timing>;
    } & Partial<ExecutionsOptions>,
  ): Promise<Replica>;
  close(): Promise<void>;
}

export async function startBench(options: SandboxOptions = {}): Promise<Bench> {
  const sandbox = await startSandbox({ speed: 50, ...options });
  const directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-executions-'));
  const closers: (() => Promise<void>)[] = [];
  const connect = (timeoutMs: number) =>
    connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.project, timeoutMs });
  return {
    sandbox,
    directory,
    scaleOf: (serviceId) => Number(sandbox.inspect(serviceId)?.['scale']),
    connect() {
      const server = connect(quickTiming.rancherTimeoutMs ?? 400);
      closers.push(() => server.close());
      return server.project('1a5');
    },
    async addReplica({ store: shared, file, timing, ...overrides } = {}) {
      const store = shared ?? (await openSqliteStore(file ?? join(directory, `${randomUUID()}.sqlite`)));
      const times = { ...quickTiming, ...timing };
      const server = connectRancher({
        url: sandbox.url,
        credentials: sandbox.project.keys.project,
        timeoutMs: times.rancherTimeoutMs ?? 400,
      });
      const clients = new Map<string, Rancher>();
      const executions = startExecutions({
        store,
        drivers: new Map(drivers.map((driver) => [driver.id, driver])),
        rancher(projectId) {
          const client = clients.get(projectId) ?? server.project(projectId);
          clients.set(projectId, client);
          return client;
        },
        isLive: async () => true,
        holder: randomUUID(),
        log: { info: () => undefined, warn: () => undefined, error: () => undefined },
        timing: times,
        ...overrides,
      });
      let isClosed = false;
      const close = async (): Promise<void> => {
        if (isClosed) return;
        isClosed = true;
        await executions.close();
        await server.close();
        await store.close();
      };
      closers.push(close);
      return {
        executions,
        store,
        scale: (request) => executions.submit(submission(request)),
        async ended(executionId) {
          for (;;) {
            const execution = await executions.find('1a5', executionId);
            if (execution?.state === 'finished') return execution;
            await pause(10);
          }
        },
        close,
      };
    },
    async close() {
      for (const close of closers) await close();
      await sandbox.close();
      await rm(directory, { recursive: true });
    },
  };
}

function submission(request: ScaleRequest): Submission {
  const {
    serviceId,
    action = 'up',
    amount = 1,
    min = 1,
    max = 1_000,
    onLimit = 'reject',
    cooldownSeconds = 0,
    dedupeKey,
  } = request;
  return {
    projectId: request.projectId ?? '1a5',
    receiverId: request.receiverId ?? `1go-${action}`,
    receiverName: `webapp-${action}`,
    driver: 'scaleService',
    config: { serviceId, action, amount, min, max, onLimit, cooldownSeconds },
    format: 'generic',
    signal: { says: 'fire', reason: 'called', ...(dedupeKey === undefined ? {} : { dedupeKey }) },
    repeatAfterSeconds: request.repeatAfterSeconds ?? 600,
    idempotencyKey: request.idempotencyKey,
    body: Buffer.from(request.body ?? ''),
    wait: request.wait ?? 'applied',
  };
}
