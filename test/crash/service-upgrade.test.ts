import { describe, expect, it } from '@jest/globals';
import { useCrashStage } from '../support/crash/crash-stage.ts';
import { ordealsOf, type DeathTable } from '../support/crash/deaths.ts';

const upgrades = { method: 'POST', path: /action=upgrade$/ };
const lostReply = { ...upgrades, fault: { kind: 'reset', when: 'after-acting' } } as const;
const lostRequest = { ...upgrades, fault: { kind: 'reset', when: 'before-acting' } } as const;

const deaths: DeathTable = {
  accepted: [{ occurrence: 1 }],
  'round-opened': [{ occurrence: 1 }],
  'made-ready': { never: 'what an upgrade starts from cannot be foreseen' },
  'target-read': [{ occurrence: 1 }],
  'round-committed': [{ occurrence: 1 }],
  sending: [{ occurrence: 1 }],
  replied: [{ occurrence: 1 }],
  'change-closed': [{ occurrence: 1 }],
  'doubt-noted': [
    { occurrence: 1, fault: lostReply },
    { occurrence: 1, fault: lostRequest },
  ],
  'doubt-looked-at': [
    { occurrence: 1, fault: lostRequest },
    { occurrence: 1, after: [{ step: 'sending', occurrence: 1 }] },
  ],
  // The upgrade goes on for minutes after Rancher has accepted it, and is finished by a request of its own.
  'follow-sending': [{ occurrence: 1 }],
  followed: [{ occurrence: 1 }, { occurrence: 2 }],
};

describe('a service that is killed', () => {
  const stage = useCrashStage();

  it.each(ordealsOf(deaths, { sampled: ['sending', 'doubt-noted', 'follow-sending'] }))(
    'at $when upgrades a service exactly once on $engine',
    async (ordeal) => {
      const launchConfig = { imageUuid: 'docker:acme/web:v1', labels: { app: 'web' } };
      const serviceId = stage.sandbox().addService({ projectId: '1a5', name: 'web', scale: 2, launchConfig });
      const selector = { serviceSelector: { app: 'web' }, tag: 'v2', batchSize: 1, intervalMillis: 1 };
      stage.placeReceiver('serviceUpgrade', { ...selector, payloadFormat: 'dockerhub' });
      const body = JSON.stringify({ push_data: { tag: 'v2' }, repository: { repo_name: 'acme/web' } });

      const statuses = await stage.liveThrough(ordeal, { count: 1, body });

      const made = stage
        .sandbox()
        .calls.list()
        .filter(({ method, path, status }) => method === 'POST' && path.endsWith('action=upgrade') && status === 202);
      expect(statuses).toEqual([200]);
      expect(stage.sandbox().inspect(serviceId)).toMatchObject({
        state: 'active',
        launchConfig: { imageUuid: 'docker:acme/web:v2' },
      });
      expect(made.length).toBeLessThanOrEqual(1);
    },
    30_000,
  );
});
