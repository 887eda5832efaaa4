import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rancher } from '../../src/rancher/rancher.ts';
import type { Service } from '../../src/rancher/resources.ts';
import { readUntil, startRancherUnderTest, type RancherUnderTest } from '../support/rancher-under-test.ts';
import { createService, putScale, settled } from './support/made-resources.ts';

let subject: RancherUnderTest;
let project: Rancher;

beforeAll(async () => {
  subject = await startRancherUnderTest();
  ({ project } = subject);
}, 60_000);

afterAll(async () => {
  await subject.close();
}, 60_000);

describe('contract/services', () => {
  describe('project and identity', () => {
    it('tells whose key it is', async () => {
      const identity = await subject.server.identify();

      expect(identity.accountId).toMatch(/^1a\d+$/);
      expect(identity.accountKind).not.toBe('');
    });

    it('reads the project, and finds it among all', async () => {
      expect(await project.readProject()).toMatchObject({ id: project.projectId, type: 'project' });
      expect((await subject.server.listProjects()).map(({ id }) => id)).toContain(project.projectId);
    });

    it('answers an unknown project as one that this key may not reach', async () => {
      const stranger = subject.server.project('1a99999999');

      await expect(stranger.services.list()).rejects.toMatchObject({ code: 'RANCHER_UNAUTHORIZED' });
    });

    it('shows in a schema what this key may do', async () => {
      expect(await project.readSchema('genericObject')).toMatchObject({
        id: 'genericObject',
        collectionMethods: expect.arrayContaining(['GET', 'POST']) as unknown,
        resourceMethods: expect.arrayContaining(['GET', 'PUT', 'DELETE']) as unknown,
      });
    });
  });

  describe('services', () => {
    let service: Service;
    beforeAll(async () => {
      service = await createService(subject, {
        launchConfig: { imageUuid: subject.imageUuid, networkMode: 'none', labels: { a: 'b' } },
      });
    }, 60_000);

    it('come back whole', () => {
      expect(service).toMatchObject({ type: 'service', kind: 'service', stackId: subject.stackId, scale: 1 });
      expect(service.launchConfig).toMatchObject({ imageUuid: subject.imageUuid, labels: { a: 'b' } });
      expect(service.launchConfig?.version).toEqual(expect.any(String));
    });

    it('take a new scale at once and settle at it', async () => {
      const answer = await putScale(project, service.id, 3);
      const later = await settled(project, service.id);

      expect(answer).toMatchObject({ id: service.id, scale: 3 });
      expect(later.scale).toBe(3);
    }, 60_000);

    it('take the scale they have', async () => {
      const { scale } = await project.services.read(service.id);

      const answer = await putScale(project, service.id, scale ?? 0);

      expect(answer.scale).toBe(scale);
      await settled(project, service.id);
    }, 60_000);

    it('go down to zero', async () => {
      await putScale(project, service.id, 0);

      expect((await settled(project, service.id)).scale).toBe(0);
    }, 60_000);

    it('refuse a negative scale, naming the field, and keep theirs', async () => {
      const before = await project.services.read(service.id);

      await expect(project.services.update(service.id, { scale: -1 })).rejects.toMatchObject({
        code: 'RANCHER_REJECTED',
        details: { applied: 'no', rancherStatus: 422, rancherCode: 'MinLimitExceeded', fieldName: 'scale' },
      });
      expect((await project.services.read(service.id)).scale).toBe(before.scale);
    });

    it('are not mistaken when an id has a foreign prefix, which Rancher ignores', async () => {
      const foreign = service.id.replace('1s', '1h');

      await expect(project.services.read(foreign)).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
      // Read as another collection it is no service, or another resource with its own id: never this one.
      await expect(project.collection('externalHostEvents').read(service.id)).rejects.toMatchObject({
        code: 'RANCHER_NOT_FOUND',
      });
    });

    it('that do not exist are not found, except by PUT, which Rancher answers 500', async () => {
      await expect(project.services.read('1s99999999')).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
      await expect(project.services.action('1s99999999', 'activate')).rejects.toMatchObject({
        code: 'RANCHER_NOT_FOUND',
      });
      await expect(project.services.update('1s99999999', { scale: 1 })).rejects.toMatchObject({
        code: 'RANCHER_UNAVAILABLE',
        details: { applied: 'unknown', rancherStatus: 500 },
      });
    });

    it('of an unknown collection are not found', async () => {
      await expect(project.collection('nosuchthings').list()).rejects.toMatchObject({ code: 'RANCHER_NOT_FOUND' });
    });

    it('refuse an action that does not exist', async () => {
      await expect(project.services.action(service.id, 'nosuchaction')).rejects.toMatchObject({
        code: 'RANCHER_REJECTED',
        details: { applied: 'no', rancherCode: 'InvalidAction' },
      });
    });

    it('may not share a name within a stack', async () => {
      const body = { name: service.name, stackId: subject.stackId, launchConfig: { imageUuid: subject.imageUuid } };

      await expect(project.services.create(body)).rejects.toMatchObject({
        code: 'RANCHER_REJECTED',
        details: { rancherCode: 'NotUnique', fieldName: 'name' },
      });
    });
  });

  describe('scale has no effect', () => {
    it.each([
      ['a global service', { 'io.rancher.scheduler.global': 'true' }, {}],
      ['a service with a scale policy', {}, { scalePolicy: { min: 1, max: 2, increment: 1 } }],
    ])(
      'on %s, which answers 200 and stores it',
      async (_, labels, fields) => {
        const launchConfig = { imageUuid: subject.imageUuid, networkMode: 'none', labels };
        const { id } = await createService(subject, { launchConfig, ...fields });

        await putScale(project, id, 57);

        const later = await settled(project, id);
        expect(later.scale).toBe(57);
        expect(later.instanceIds?.length ?? 0).not.toBe(57);
      },
      60_000,
    );

    it('on a service that only selects containers', async () => {
      const { id } = await createService(subject, {
        selectorContainer: 'receiver-hooks=contract',
        launchConfig: { imageUuid: 'docker:rancher/none' },
      });

      await putScale(project, id, 4);

      const later = await settled(project, id);
      expect([later.scale, later.instanceIds?.length ?? 0]).toEqual([4, 0]);
    }, 60_000);

    it.each([
      ['an external service', 'externalServices', { externalIpAddresses: ['10.1.1.1'] }],
      ['a DNS service', 'dnsServices', {}],
    ])(
      'on %s, which answers 200 and ignores it',
      async (_, plural, fields) => {
        const { id, type } = await createService(subject, fields, plural);

        const answer = await putScale(project, id, 3);

        expect(answer.scale ?? null).toBeNull();
        expect(`${type}s`).toBe(plural);
      },
      60_000,
    );
  });

  describe('what is removed', () => {
    let removed: Service;
    beforeAll(async () => {
      const { id } = await createService(subject);
      await project.services.remove(id);
      removed = await readUntil(
        () => project.services.read(id),
        ({ state }) => state === 'removed' || state === 'purged',
        40_000,
      );
    }, 60_000);

    it('is still answered by its id', () => {
      expect(removed.state).toMatch(/^(?:removed|purged)$/);
    });

    it('is in no list', async () => {
      const byName = await project.services.list({ name: String(removed.name) });
      const byState = await project.services.list({ state: 'removed', stackId: subject.stackId });

      expect([...byName, ...byState]).toEqual([]);
    });

    it('answers 409 to a new scale, the same as a race', async () => {
      await expect(project.services.update(removed.id, { scale: 2 })).rejects.toMatchObject({
        code: 'RANCHER_CONFLICT',
        details: { applied: 'no', rancherStatus: 409, rancherCode: 'Conflict' },
      });
    });
  });
});
