import { beforeEach, describe, expect, it } from '@jest/globals';
import { markerLabel } from '../../src/drivers/scale-host/labels.ts';
import { driverConfig, hostsOf, projectId, tier, until } from '../drivers/support/host-triggers.ts';
import { useCrashStage } from '../support/crash/crash-stage.ts';
import { ordealsOf, type DeathTable, type Ordeal } from '../support/crash/deaths.ts';

const notForeseen = { never: 'a group of hosts is read anew before anything is decided' };
const creates = { method: 'POST', path: /\/hosts$/ };
const removals = { method: 'POST', path: /\/externalhostevents$/ };
const lostReply = { kind: 'reset', when: 'after-acting' } as const;
const lostRequest = { kind: 'reset', when: 'before-acting' } as const;
// Later than the one sent again in its place (the time-out of the tests is 400 ms).
const late = { kind: 'late', afterMs: 1_200 } as const;

const deathsUp: DeathTable = {
  accepted: [{ occurrence: 1 }, { occurrence: 2 }],
  'round-opened': [{ occurrence: 1 }, { occurrence: 2 }],
  'made-ready': notForeseen,
  'target-read': [{ occurrence: 1 }],
  'round-committed': [{ occurrence: 1 }, { occurrence: 2 }],
  sending: [{ occurrence: 1 }, { occurrence: 2 }, { occurrence: 3 }],
  replied: [{ occurrence: 1 }, { occurrence: 2 }],
  'change-closed': [{ occurrence: 1 }],
  'doubt-noted': [
    { occurrence: 1, fault: { ...creates, fault: lostReply } },
    { occurrence: 1, fault: { ...creates, fault: lostRequest } },
    { occurrence: 1, fault: { ...creates, fault: late } },
  ],
  'doubt-looked-at': [
    { occurrence: 1, fault: { ...creates, fault: lostReply } },
    { occurrence: 1, fault: { ...creates, fault: lostRequest } },
    { occurrence: 1, after: [{ step: 'sending', occurrence: 1 }] },
    { occurrence: 1, after: [{ step: 'replied', occurrence: 1 }] },
  ],
  // The machine that was made by the late create is about to be removed.
  'follow-sending': [{ occurrence: 1, fault: { ...creates, fault: late } }],
  followed: [{ occurrence: 1 }, { occurrence: 2 }, { occurrence: 2, fault: { ...creates, fault: late } }],
};

const notFollowed = {
  never: 'Rancher removes a host by itself once it was told to; a write follows only after minutes',
};
const deathsDown: DeathTable = {
  accepted: [{ occurrence: 1 }],
  'round-opened': [{ occurrence: 1 }],
  'made-ready': notForeseen,
  'target-read': [{ occurrence: 1 }],
  'round-committed': [{ occurrence: 1 }, { occurrence: 2 }],
  sending: [{ occurrence: 1 }, { occurrence: 2 }, { occurrence: 3 }],
  replied: [{ occurrence: 1 }],
  'change-closed': [{ occurrence: 1 }],
  'doubt-noted': [
    { occurrence: 1, fault: { ...removals, fault: lostReply } },
    { occurrence: 1, fault: { ...removals, fault: lostRequest } },
    { occurrence: 1, fault: { ...removals, fault: late } },
  ],
  'doubt-looked-at': [
    { occurrence: 1, fault: { ...removals, fault: lostRequest } },
    { occurrence: 1, after: [{ step: 'sending', occurrence: 1 }] },
  ],
  'follow-sending': notFollowed,
  followed: [{ occurrence: 1 }, { occurrence: 2 }],
};

const count = 3;

describe('a service that is killed', () => {
  const stage = useCrashStage();
  const addMachines = (number: number): void => {
    for (let index = 1; index <= number; index += 1)
      stage.sandbox().addMachine({ projectId, hostname: `web-${String(index)}`, labels: tier, config: driverConfig });
  };
  const group = { hostSelector: tier, amount: 1, min: 1, max: 10 };
  const living = () => hostsOf(stage.sandbox()).filter(({ labels }) => labels['tier'] === 'web');

  /** As many hosts as asked for, each of another marker and name, and all of them up. */
  const expectHosts = async (statuses: readonly number[], number: number): Promise<void> => {
    expect(statuses).toEqual(Array.from({ length: count }, () => 200));
    await until(() => living().every(({ state }) => state === 'active'));
    const hosts = living();
    const markers = hosts.flatMap(({ labels }) => labels[markerLabel] ?? []);
    expect(hosts).toHaveLength(number);
    expect(new Set(markers).size).toBe(markers.length);
    expect(new Set(hosts.map(({ hostname }) => hostname)).size).toBe(number);
  };

  describe('while it makes hosts', () => {
    beforeEach(() => {
      addMachines(1);
      stage.placeReceiver('scaleHost', { ...group, action: 'up' });
    });

    /** Rancher's word for what was asked of it: creates that it has taken. */
    const taken = (): number =>
      stage
        .sandbox()
        .calls.list()
        .filter(({ method, path, status }) => method === 'POST' && path.endsWith('/hosts') && status === 201).length;
    const isTwice = ({ faults }: Ordeal): boolean => faults.some(({ fault }) => fault === late);

    it.each(ordealsOf(deathsUp, { sampled: ['sending', 'doubt-noted', 'followed'] }))(
      'at $when makes each host once on $engine',
      async (ordeal) => {
        await expectHosts(await stage.liveThrough(ordeal, { count }), 1 + count);
        // A create that landed late was taken as well, and its host removed again; no other was ever too many.
        expect(taken()).toBeLessThanOrEqual(isTwice(ordeal) ? count + 1 : count);
      },
      120_000,
    );

    it('before a machine is ready goes on with it', async () => {
      // A second and a fifth: long enough to be killed in.
      stage.sandbox().machines.readyMs = 60_000;
      let child = await stage.start();
      const answers = stage.sendUntilEnded(() => child.url, { count });
      await until(() => living().filter(({ state }) => state === 'provisioning').length === count);
      await child.kill('SIGKILL');
      child = await stage.start();

      await expectHosts(await answers, 1 + count);
      expect(taken()).toBe(count);
    }, 120_000);

    it('while its create is on the wire makes each host once', async () => {
      const sandbox = stage.sandbox();
      sandbox.faults.add({ ...creates, fault: { kind: 'delay', ms: 300, when: 'before-acting' } });
      let child = await stage.start();
      const answers = stage.sendUntilEnded(() => child.url, { count });
      await until(() => sandbox.calls.count(creates) > 0);
      await child.kill('SIGKILL');
      child = await stage.start();

      await expectHosts(await answers, 1 + count);
    }, 120_000);
  });

  describe('while it removes hosts', () => {
    const start = 7;
    beforeEach(() => {
      addMachines(start);
      stage.placeReceiver('scaleHost', { ...group, action: 'down', deleteOption: 'mostRecent' });
    });

    it.each(ordealsOf(deathsDown, { sampled: ['sending', 'followed'] }))(
      'at $when removes each host once on $engine',
      async (ordeal) => {
        await expectHosts(await stage.liveThrough(ordeal, { count }), start - count);
      },
      120_000,
    );

    it('before a host is gone goes on watching it', async () => {
      let child = await stage.start();
      const answers = stage.sendUntilEnded(() => child.url, { count });
      await until(() => stage.sandbox().calls.count(removals) > 0);
      await child.kill('SIGKILL');
      child = await stage.start();

      await expectHosts(await answers, start - count);
    }, 120_000);
  });
});
