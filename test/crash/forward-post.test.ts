import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startContainer, type Container } from '../support/container.ts';
import { useCrashStage } from '../support/crash/crash-stage.ts';
import { ordealsOf, type DeathTable } from '../support/crash/deaths.ts';

const noDoubt = {
  never: 'a lost answer of a container ends the execution as failed, perhaps applied; nothing is looked at',
};
const notFollowed = { never: 'forwarding is done with the answer of the container' };

const deaths: DeathTable = {
  accepted: [{ occurrence: 1 }, { occurrence: 2 }],
  'round-opened': [{ occurrence: 1 }],
  'made-ready': { never: 'forwarding decides nothing that could be foreseen' },
  'target-read': [{ occurrence: 1 }],
  'round-committed': [{ occurrence: 1 }, { occurrence: 2 }],
  sending: [{ occurrence: 1 }, { occurrence: 2 }],
  replied: [{ occurrence: 1 }],
  'change-closed': [{ occurrence: 1 }],
  'doubt-noted': noDoubt,
  'doubt-looked-at': [{ occurrence: 1, after: [{ step: 'sending', occurrence: 1 }] }],
  'follow-sending': notFollowed,
  followed: notFollowed,
};
const count = 3;

describe('a service that is killed', () => {
  const stage = useCrashStage();
  let container: Container;

  beforeEach(async () => {
    container = await startContainer();
    stage.sandbox().addService({ projectId: '1a5', name: 'pipeline', instanceAddress: '127.0.0.1' });
    stage.placeReceiver('forwardPost', { serviceName: 'pipeline', port: container.port, path: '/hooks' });
  });
  afterEach(() => container.close());

  it.each(ordealsOf(deaths, { sampled: ['sending', 'replied'] }))(
    'at $when forwards each body at least once, and again only the one that was on its way, on $engine',
    async (ordeal) => {
      const statuses = await stage.liveThrough(ordeal, { count, body: '{"build":7}' });

      expect(statuses).toEqual(Array.from({ length: count }, () => 200));
      const ids = container.received.map(({ headers }) => headers['x-receiver-hooks-execution']);
      expect(new Set(ids).size).toBe(count);
      expect(ids.length).toBeLessThanOrEqual(count + ordeal.deaths.length);
      expect(new Set(container.received.map(({ body }) => body.toString()))).toEqual(new Set(['{"build":7}']));
    },
    120_000,
  );
});
