import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startBench, type Bench, type Replica } from '../../support/executions-under-test.ts';
import { driverConfig, hostsOf, projectId, tier, trigger } from '../support/host-triggers.ts';

// The tests' times are production's divided by 20 or so: a write must begin within 800 ms of its turn (15 s), a call may last 400 ms (10 s).
describe('drivers/scale-host on a slow Rancher', () => {
  let bench: Bench;
  let replica: Replica;

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    replica = await bench.addReplica({ timing: { sendWithinMs: 8_000 } });
    for (const hostname of ['web-1', 'web-2', 'web-3'])
      bench.sandbox.addMachine({ projectId, hostname, labels: tier, config: driverConfig });
  });
  afterEach(() => bench.close());

  const answerEachAfter = (ms: number): void =>
    bench.sandbox.faults.add({
      method: 'GET',
      times: Infinity,
      fault: { kind: 'delay', ms, when: 'before-acting' },
    });

  it.each([150, 230, 300])(
    'removes a host although each answer takes %i ms',
    async (ms) => {
      answerEachAfter(ms);

      expect(await trigger(replica, { action: 'down' })).toMatchObject({ outcome: 'scaled', from: 3, to: 2 });
      expect(hostsOf(bench.sandbox)).toHaveLength(2);
    },
    30_000,
  );

  it.each([150, 230])(
    'makes a host although each answer takes %i ms',
    async (ms) => {
      answerEachAfter(ms);

      expect(await trigger(replica)).toMatchObject({ outcome: 'scaled', from: 3, to: 4 });
      expect(hostsOf(bench.sandbox)).toHaveLength(4);
    },
    30_000,
  );
});
