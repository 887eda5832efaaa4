import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { startPostgresServer, type PostgresServer } from '../postgres-server.ts';
import { callUntilAnswered } from '../retrying-client.ts';
import { endChildService, startChildService, type ChildOptions, type ChildService } from './child-service.ts';
import type { Ordeal } from './deaths.ts';

const key = 'k'.repeat(40);

/** The trigger URL's path and query of the receiver that `placeReceiver` places. */
export const triggerPath = `/v1-webhooks/endpoint?key=${key}&projectId=1a5`;

/** Where a service is killed: a Rancher, a data directory and a PostgreSQL, and triggers of senders that do not give up. */
export interface CrashStage {
  /** The sandbox of the test that runs. */
  readonly sandbox: () => Sandbox;
  /** Where its services keep their files. */
  readonly dataDirectory: () => string;
  /** A fresh database's URL. */
  readonly createDatabase: () => Promise<string>;
  /** Places the one receiver of project 1a5, as the old service stores it. */
  readonly placeReceiver: (driver: string, config: object) => void;
  /** A service on the test's data directory, or on a database; it is ended after the test. */
  readonly start: (options?: Omit<ChildOptions, 'sandbox' | 'dataDirectory'>) => Promise<ChildService>;
  /**
   * Sends triggers with keys of their own until each has ended; resolves to their last statuses, in order.
   * The first `alone` of them go one after another, each when the one before it has ended; the others go together.
   */
  readonly sendUntilEnded: (
    url: () => string,
    triggers: { readonly count: number; readonly body?: string; readonly alone?: number },
  ) => Promise<readonly number[]>;
  /**
   * The same while the service dies and is started again, as often as the ordeal says.
   * Triggers that go together may all be decided in one round, so some go alone before.
   */
  readonly liveThrough: (
    ordeal: Ordeal,
    triggers: { readonly count: number; readonly body?: string },
  ) => Promise<readonly number[]>;
}

/** Sets the stage for the suite that is being described. */
export function useCrashStage(): CrashStage {
  let sandbox: Sandbox;
  let postgres: PostgresServer;
  let dataDirectory: string;
  const children: ChildService[] = [];

  beforeAll(async () => {
    postgres = await startPostgresServer();
  }, 60_000);
  afterAll(() => postgres.close());
  beforeEach(async () => {
    sandbox = await startSandbox({ speed: 50 });
    dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-crash-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await endChildService(child);
    await sandbox.close();
    await rm(dataDirectory, { recursive: true });
  });

  const start: CrashStage['start'] = async (options = {}) => {
    const child = await startChildService({ sandbox, dataDirectory, ...options });
    children.push(child);
    return child;
  };
  const sendUntilEnded: CrashStage['sendUntilEnded'] = async (url, { count, body, alone = 0 }) => {
    const send = (index: number): Promise<number> =>
      callUntilAnswered({
        url: () => `${url()}${triggerPath}`,
        headers: { 'idempotency-key': `key-${String(index)}` },
        ...(body === undefined ? {} : { body }),
        isEnd: (_status, answer) => answer['state'] === 'finished',
      });
    const statuses: number[] = [];
    while (statuses.length < Math.min(alone, count - 1)) statuses.push(await send(statuses.length));
    const together = Array.from({ length: count - statuses.length }, (_, index) => send(statuses.length + index));
    return [...statuses, ...(await Promise.all(together))];
  };
  return {
    sandbox: () => sandbox,
    dataDirectory: () => dataDirectory,
    createDatabase: () => postgres.createDatabase(),
    placeReceiver(driver, config) {
      const resourceData = { driver, config: { type: driver, ...config }, url: '' };
      sandbox.addGenericObject({ projectId: '1a5', name: driver, kind: 'webhookReceiver', key, resourceData });
    },
    start,
    sendUntilEnded,
    async liveThrough({ engine, deaths, faults, alone }, triggers) {
      for (const rule of faults) sandbox.faults.add(rule);
      const store = engine === 'SQLite' ? {} : { databaseUrl: await postgres.createDatabase() };
      let url = '';
      let answers: Promise<readonly number[]> | undefined;
      for (const dieAt of deaths) {
        const child = await start({ ...store, dieAt });
        url = child.url;
        answers ??= sendUntilEnded(() => url, { ...triggers, alone });
        await child.gone;
      }
      url = (await start(store)).url;
      return (await answers) ?? [];
    },
  };
}
