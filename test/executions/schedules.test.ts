import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import { runSchedule, type Stage } from '../support/schedules/run-schedule.ts';
import { anySchedule } from '../support/schedules/schedule.ts';

// `SCHEDULES=5000` for `npm run soak`, `SCHEDULES_SEED=…` to see a failure again.
const count = Number(process.env['SCHEDULES'] ?? 300);
const seed = Number(
  process.env['SCHEDULES_SEED'] ?? (process.env['SCHEDULES'] === undefined ? 20_261_123 : randomInt(2 ** 31 - 1)),
);
// They mostly wait for time-outs and leases.
const atOnce = Number(process.env['SCHEDULES_AT_ONCE'] ?? 12);

describe('executions under random schedules', () => {
  let sandbox: Sandbox;
  let postgres: PostgresServer;
  let stage: Stage;

  beforeAll(async () => {
    sandbox = await startSandbox({ speed: 50, readLatencyMs: 0, writeLatencyMs: 1 });
    postgres = await startPostgresServer();
    const directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-schedules-'));
    stage = { sandbox, directory, createDatabase: () => postgres.createDatabase() };
  }, 60_000);
  // Thousands of databases are shut down and removed after `npm run soak`.
  afterAll(async () => {
    await sandbox.close();
    await postgres.close();
    await rm(stage.directory, { recursive: true });
  }, 600_000);

  it(
    `count every accepted trigger exactly once, ${String(count)} times`,
    async () => {
      const schedules = fc.sample(anySchedule, { numRuns: count, seed });
      const failures: string[] = [];
      let next = 0;
      const work = async (): Promise<void> => {
        while (next < count && failures.length === 0) {
          const index = next;
          next += 1;
          const schedule = schedules[index];
          if (schedule === undefined) return;
          await runSchedule(stage, schedule).catch((error: unknown) => {
            failures.push(
              `schedule ${String(index)} of SCHEDULES_SEED=${String(seed)}: ${String(error)}\n${JSON.stringify(schedule)}`,
            );
          });
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      if (failures.length > 0) throw new Error(failures.join('\n\n'));
    },
    count * 3_000 + 60_000,
  );
});
