import { beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { useCrashStage } from '../support/crash/crash-stage.ts';
import { ordealsOf, type DeathTable } from '../support/crash/deaths.ts';

const puts = { method: 'PUT', path: /services/ };
const lostReply = { ...puts, fault: { kind: 'reset', when: 'after-acting' } } as const;
const lostRequest = { ...puts, fault: { kind: 'reset', when: 'before-acting' } } as const;
// Triggers with a key are stored on the disk first; their target is read by then.
const slowRead = {
  method: 'GET',
  path: /services\//,
  times: 1_000,
  fault: { kind: 'delay', ms: 50, when: 'before-acting' },
} as const;
const notFollowed = { never: 'a scale is done with its PUT: there is nothing to follow' };

const deaths: DeathTable = {
  accepted: [{ occurrence: 1 }, { occurrence: 3 }],
  'round-opened': [{ occurrence: 1 }, { occurrence: 2 }],
  // Only for a trigger that comes alone, and not for the first: what that one left is what is foreseen.
  'made-ready': [
    { occurrence: 1, alone: 2, fault: slowRead },
    { occurrence: 3, alone: 4, fault: slowRead },
  ],
  'target-read': [{ occurrence: 1 }],
  'round-committed': [{ occurrence: 1 }, { occurrence: 2 }],
  sending: [{ occurrence: 1 }, { occurrence: 2 }],
  replied: [{ occurrence: 1 }, { occurrence: 2 }],
  'change-closed': [{ occurrence: 1 }],
  'doubt-noted': [
    { occurrence: 1, fault: lostReply },
    { occurrence: 1, fault: lostRequest },
  ],
  'doubt-looked-at': [
    { occurrence: 1, fault: lostRequest },
    { occurrence: 1, after: [{ step: 'sending', occurrence: 1 }] },
  ],
  'follow-sending': notFollowed,
  followed: notFollowed,
};
const count = 6;

describe('a service that is killed', () => {
  const stage = useCrashStage();
  let serviceId: string;

  beforeEach(() => {
    serviceId = stage.sandbox().addService({ projectId: '1a5', scale: 2 });
    stage.placeReceiver('scaleService', { serviceId, action: 'up', amount: 1, min: 1, max: 1_000 });
  });

  const expectEachOnce = (statuses: readonly number[]): void => {
    expect(statuses).toEqual(Array.from({ length: count }, () => 200));
    expect(stage.sandbox().inspect(serviceId)?.['scale']).toBe(2 + count);
  };

  it.each(ordealsOf(deaths, { sampled: ['round-committed', 'sending', 'replied', 'doubt-noted'] }))(
    'at $when counts every trigger exactly once on $engine',
    async (ordeal) => {
      expectEachOnce(await stage.liveThrough(ordeal, { count }));
    },
    120_000,
  );

  it('while its request is on the wire counts every trigger exactly once', async () => {
    const sandbox = stage.sandbox();
    sandbox.faults.add({ ...puts, fault: { kind: 'delay', ms: 300, when: 'before-acting' } });
    let child = await stage.start();
    const answers = stage.sendUntilEnded(() => child.url, { count });
    while (sandbox.calls.count(puts) === 0) await pause(5);
    await child.kill('SIGKILL');
    child = await stage.start();

    expectEachOnce(await answers);
  }, 120_000);
});
