import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import fetch from 'node-fetch';
import type { Fault } from '../../src/sandbox/faults.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { endChildService, startChildService, type ChildService } from '../support/child-service.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';

interface Row {
  readonly step: string;
  readonly occurrence: number;
  /** What Rancher does meanwhile, so that the step is reached at all. */
  readonly fault?: Fault;
}

const lostReply: Fault = { kind: 'reset', when: 'after-acting' };
const lostRequest: Fault = { kind: 'reset', when: 'before-acting' };

const rows: readonly Row[] = [
  { step: 'accepted', occurrence: 1 },
  { step: 'accepted', occurrence: 3 },
  { step: 'round-opened', occurrence: 1 },
  { step: 'round-opened', occurrence: 2 },
  { step: 'target-read', occurrence: 1 },
  { step: 'round-committed', occurrence: 1 },
  { step: 'round-committed', occurrence: 2 },
  { step: 'sending', occurrence: 1 },
  { step: 'sending', occurrence: 2 },
  { step: 'replied', occurrence: 1 },
  { step: 'replied', occurrence: 2 },
  { step: 'change-closed', occurrence: 1 },
  { step: 'doubt-noted', occurrence: 1, fault: lostReply },
  { step: 'doubt-noted', occurrence: 1, fault: lostRequest },
  { step: 'doubt-looked-at', occurrence: 1, fault: lostRequest },
];

const triggers = 6;

/** Sends one trigger as a retrying client does: the same key again, until there is an answer that is no 5xx. */
async function triggerUntilAnswered(url: () => string, path: string, key: string): Promise<number> {
  for (;;) {
    try {
      const answer = await fetch(`${url()}${path}`, { method: 'POST', headers: { 'Idempotency-Key': key } });
      await answer.text();
      if (answer.status < 500 && answer.status !== 202) return answer.status;
    } catch {
      // Dead or not yet back: exactly what a client sees.
    }
    await pause(50);
  }
}

describe('a service that is killed', () => {
  let sandbox: Sandbox;
  let dataDirectory: string;
  let serviceId: string;
  let path: string;
  let postgres: PostgresServer;
  let child: ChildService | undefined;

  beforeAll(async () => {
    postgres = await startPostgresServer();
  }, 60_000);
  afterAll(() => postgres.close());

  beforeEach(async () => {
    sandbox = await startSandbox({ speed: 50 });
    dataDirectory = await mkdtemp(join(tmpdir(), 'receiver-hooks-crash-'));
    serviceId = sandbox.addService({ projectId: '1a5', scale: 2 });
    const config = { type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 1_000 };
    const key = 'k'.repeat(40);
    sandbox.addGenericObject({
      projectId: '1a5',
      name: 'up',
      kind: 'webhookReceiver',
      key,
      resourceData: { driver: 'scaleService', config, url: '' },
    });
    path = `/v1-webhooks/endpoint?key=${key}&projectId=1a5`;
  });
  afterEach(async () => {
    await endChildService(child);
    await sandbox.close();
    await rm(dataDirectory, { recursive: true });
  });

  async function countsExactlyOnce({ step, occurrence, fault }: Row, databaseUrl?: string): Promise<void> {
    const store = { sandbox, dataDirectory, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
    if (fault !== undefined) sandbox.faults.add({ method: 'PUT', path: /services/, fault });
    child = await startChildService({ ...store, dieAt: { step, occurrence } });
    const { gone } = child;
    const answers = Array.from({ length: triggers }, (_, index) =>
      triggerUntilAnswered(() => child?.url ?? '', path, `key-${String(index)}`),
    );

    await gone;
    child = await startChildService(store);
    const statuses = await Promise.all(answers);

    expect(statuses).toEqual(Array.from({ length: triggers }, () => 200));
    expect(sandbox.inspect(serviceId)?.['scale']).toBe(2 + triggers);
  }

  const named = rows.map((row) => ({ ...row, when: nameOf(row) }));

  it.each(named)(
    'at $when counts every trigger exactly once on SQLite',
    async (row) => {
      await countsExactlyOnce(row);
    },
    60_000,
  );

  const sample = named.filter(({ step }) => ['round-committed', 'sending', 'replied', 'doubt-noted'].includes(step));
  it.each(sample)(
    'at $when counts every trigger exactly once on PostgreSQL',
    async (row) => {
      await countsExactlyOnce(row, await postgres.createDatabase());
    },
    60_000,
  );

  it('while its request is on the wire counts every trigger exactly once', async () => {
    sandbox.faults.add({ method: 'PUT', path: /services/, fault: { kind: 'delay', ms: 300, when: 'before-acting' } });
    const arrived = async (): Promise<void> => {
      while (sandbox.calls.count({ method: 'PUT', path: /services/ }) === 0) await pause(5);
    };
    child = await startChildService({ sandbox, dataDirectory });
    const answers = Array.from({ length: triggers }, (_, index) =>
      triggerUntilAnswered(() => child?.url ?? '', path, `key-${String(index)}`),
    );
    await arrived();
    await child.kill('SIGKILL');
    child = await startChildService({ sandbox, dataDirectory });

    expect(await Promise.all(answers)).toEqual(Array.from({ length: triggers }, () => 200));
    expect(sandbox.inspect(serviceId)?.['scale']).toBe(2 + triggers);
  }, 60_000);

  it('a second time, while it recovers from the first, counts every trigger exactly once', async () => {
    child = await startChildService({ sandbox, dataDirectory, dieAt: { step: 'sending', occurrence: 1 } });
    const answers = Array.from({ length: triggers }, (_, index) =>
      triggerUntilAnswered(() => child?.url ?? '', path, `key-${String(index)}`),
    );
    await child.gone;
    child = await startChildService({ sandbox, dataDirectory, dieAt: { step: 'doubt-looked-at', occurrence: 1 } });
    await child.gone;
    child = await startChildService({ sandbox, dataDirectory });

    expect(await Promise.all(answers)).toEqual(Array.from({ length: triggers }, () => 200));
    expect(sandbox.inspect(serviceId)?.['scale']).toBe(2 + triggers);
  }, 60_000);
});

function nameOf({ step, occurrence, fault }: Row): string {
  const lost = fault === lostReply ? ', reply lost' : fault === lostRequest ? ', request lost' : '';
  return `${step} (${String(occurrence)}${lost})`;
}
