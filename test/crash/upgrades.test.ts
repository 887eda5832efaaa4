import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { endChildService, startChildService, type ChildService } from '../support/child-service.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import { callUntilAnswered } from '../support/retrying-client.ts';

interface Death {
  readonly step: string;
  readonly occurrence: number;
}

// Steps of a change that goes on for minutes after Rancher has accepted it.
const deaths: readonly Death[] = [
  { step: 'round-committed', occurrence: 1 },
  { step: 'sending', occurrence: 1 },
  { step: 'replied', occurrence: 1 },
  { step: 'change-closed', occurrence: 1 },
  { step: 'followed', occurrence: 1 },
  { step: 'followed', occurrence: 2 },
];
const sampled = deaths.filter(({ step, occurrence }) => occurrence === 1 && ['sending', 'followed'].includes(step));
const key = 'k'.repeat(40);

describe('a service that is killed', () => {
  let sandbox: Sandbox;
  let dataDirectory: string;
  let postgres: PostgresServer;
  let child: ChildService | undefined;

  beforeAll(async () => {
    postgres = await startPostgresServer();
  }, 60_000);
  afterAll(() => postgres.close());

  beforeEach(async () => {
    sandbox = await startSandbox({ speed: 50 });
    dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-crash-'));
  });
  afterEach(async () => {
    await endChildService(child);
    await sandbox.close();
    await rm(dataDirectory, { recursive: true });
  });

  function placeReceiver(driver: string, config: object): void {
    const resourceData = { driver, config: { type: driver, ...config }, url: '' };
    sandbox.addGenericObject({ projectId: '1a5', name: driver, kind: 'webhookReceiver', key, resourceData });
  }

  /** Sends the triggers, lets the service die and start again, and waits until all of them have ended. */
  async function endsAfter(
    dieAt: Death,
    { count, body, databaseUrl }: { readonly count: number; readonly body?: string; readonly databaseUrl?: string },
  ): Promise<readonly number[]> {
    const store = { sandbox, dataDirectory, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
    child = await startChildService({ ...store, dieAt });
    const { gone } = child;
    const answers = Array.from({ length: count }, (_, index) =>
      callUntilAnswered({
        url: () => `${child?.url ?? ''}/v1-webhooks/endpoint?key=${key}&projectId=1a5`,
        headers: { 'idempotency-key': `key-${String(index)}` },
        ...(body === undefined ? {} : { body }),
        isEnd: (_status, answer) => answer['state'] === 'finished',
      }),
    );
    await gone;
    child = await startChildService(store);
    return Promise.all(answers);
  }

  const engines = [
    ...deaths.map((death) => ({ ...death, engine: 'SQLite' as const })),
    ...sampled.map((death) => ({ ...death, engine: 'PostgreSQL' as const })),
  ];
  const storeOf = async (engine: string) =>
    engine === 'SQLite' ? {} : { databaseUrl: await postgres.createDatabase() };

  const upgradeDeaths = [
    ...engines,
    { step: 'follow-sending', occurrence: 1, engine: 'SQLite' as const },
    { step: 'follow-sending', occurrence: 1, engine: 'PostgreSQL' as const },
  ];
  it.each(upgradeDeaths)(
    'at $step ($occurrence) upgrades a service exactly once on $engine',
    async ({ engine, ...death }) => {
      const launchConfig = { imageUuid: 'docker:acme/web:v1', labels: { app: 'web' } };
      const serviceId = sandbox.addService({ projectId: '1a5', name: 'web', scale: 2, launchConfig });
      const selector = { serviceSelector: { app: 'web' }, tag: 'v2', batchSize: 1, intervalMillis: 1 };
      placeReceiver('serviceUpgrade', { ...selector, payloadFormat: 'dockerhub' });
      const body = JSON.stringify({ push_data: { tag: 'v2' }, repository: { repo_name: 'acme/web' } });

      const statuses = await endsAfter(death, { count: 1, body, ...(await storeOf(engine)) });

      const upgrades = sandbox.calls
        .list()
        .filter(({ method, path, status }) => method === 'POST' && path.endsWith('action=upgrade') && status === 202);
      expect(statuses).toEqual([200]);
      expect(sandbox.inspect(serviceId)).toMatchObject({
        state: 'active',
        launchConfig: { imageUuid: 'docker:acme/web:v2' },
      });
      expect(upgrades.length).toBeLessThanOrEqual(1);
    },
    30_000,
  );
});
