import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasCode } from '../../src/domain/errors.ts';
import type { Rancher } from '../../src/rancher/rancher.ts';
import type { GenericObject, Resource, Service } from '../../src/rancher/resources.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { startCuttableProxy } from '../support/cuttable-proxy.ts';
import { isOnSandbox, readUntil, startRancherUnderTest, type RancherUnderTest } from '../support/rancher-under-test.ts';

let subject: RancherUnderTest;
let project: Rancher;
const objects: string[] = [];

beforeAll(async () => {
  subject = await startRancherUnderTest();
  ({ project } = subject);
}, 60_000);

afterAll(async () => {
  for (const id of objects) await project.genericObjects.remove(id);
  await subject.close();
}, 60_000);

const unique = (): string => randomBytes(6).toString('hex');

async function createService(fields: object = {}, plural = 'services'): Promise<Service> {
  const { stackId, imageUuid } = subject;
  const launchConfig = plural === 'services' ? { scale: 1, launchConfig: { imageUuid, networkMode: 'none' } } : {};
  const body = { name: `s${unique()}`, stackId, startOnCreate: true, ...launchConfig, ...fields };
  const { id } = await project.collection(plural).create(body);
  return settled(id);
}

/** As it is once nothing moves any more; without hosts it never gets there, so the wait is bounded and short. */
async function settled(id: string): Promise<Service> {
  const isStill = ({ transitioning, state }: Service): boolean => transitioning === 'no' && state !== 'registering';
  return readUntil(() => project.services.read(id), isStill);
}

/** PUT scale, again after a 409: a real Rancher answers it to 0.5-3 % of strictly sequential ones (recording h_timing). */
async function putScale(id: string, scale: number): Promise<Service> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await project.services.update(id, { scale });
    } catch (error) {
      if (attempt === 10 || !hasCode(error, 'RANCHER_CONFLICT')) throw error;
    }
  }
}

async function createObject(fields: object = {}): Promise<GenericObject> {
  const name = unique();
  const body = { name, key: `k${name}`, kind: 'receiverHooksContract', resourceData: { driver: 'x' }, ...fields };
  const { id } = await project.genericObjects.create(body);
  objects.push(id);
  return readUntil(
    () => project.genericObjects.read(id),
    ({ state }) => state === 'active',
  );
}

/** Resolves with the first change that `isMeant`. */
function nextChange(
  rancher: Rancher,
  isMeant: (resource: Resource) => boolean,
): { ready: Promise<void>; change: Promise<Resource> } {
  const ready = Promise.withResolvers<void>();
  const change = Promise.withResolvers<Resource>();
  const stop = rancher.changes().watch({
    onResync: () => ready.resolve(),
    onChange(resource) {
      if (!isMeant(resource)) return;
      stop();
      change.resolve(resource);
    },
  });
  return { ready: ready.promise, change: change.promise };
}

describe('contract/rancher', () => {
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
      service = await createService({
        launchConfig: { imageUuid: subject.imageUuid, networkMode: 'none', labels: { a: 'b' } },
      });
    }, 60_000);

    it('come back whole', () => {
      expect(service).toMatchObject({ type: 'service', kind: 'service', stackId: subject.stackId, scale: 1 });
      expect(service.launchConfig).toMatchObject({ imageUuid: subject.imageUuid, labels: { a: 'b' } });
      expect(service.launchConfig?.version).toEqual(expect.any(String));
    });

    it('take a new scale at once and settle at it', async () => {
      const answer = await putScale(service.id, 3);
      const later = await settled(service.id);

      expect(answer).toMatchObject({ id: service.id, scale: 3, transitioning: 'yes' });
      expect(later.scale).toBe(3);
    }, 60_000);

    it('take the scale they have', async () => {
      const { scale } = await project.services.read(service.id);

      const answer = await putScale(service.id, scale ?? 0);

      expect(answer.scale).toBe(scale);
      await settled(service.id);
    }, 60_000);

    it('go down to zero', async () => {
      await putScale(service.id, 0);

      expect((await settled(service.id)).scale).toBe(0);
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
        const { id } = await createService({ launchConfig, ...fields });

        await putScale(id, 5);

        const later = await settled(id);
        expect(later.scale).toBe(5);
        expect(later.instanceIds?.length ?? 0).not.toBe(5);
      },
      60_000,
    );

    it('on a service that only selects containers', async () => {
      const { id } = await createService({
        selectorContainer: 'receiver-hooks=contract',
        launchConfig: { imageUuid: 'docker:rancher/none' },
      });

      await putScale(id, 4);

      const later = await settled(id);
      expect([later.scale, later.instanceIds?.length ?? 0]).toEqual([4, 0]);
    }, 60_000);

    it.each([
      ['an external service', 'externalServices', { externalIpAddresses: ['10.1.1.1'] }],
      ['a DNS service', 'dnsServices', {}],
    ])(
      'on %s, which answers 200 and ignores it',
      async (_, plural, fields) => {
        const { id, type } = await createService(fields, plural);

        const answer = await putScale(id, 3);

        expect(answer.scale ?? null).toBeNull();
        expect(`${type}s`).toBe(plural);
      },
      60_000,
    );
  });

  describe('what is removed', () => {
    let removed: Service;
    beforeAll(async () => {
      const { id } = await createService();
      await project.services.remove(id);
      removed = await readUntil(
        () => project.services.read(id),
        ({ state }) => state === 'removed' || state === 'purged',
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

  describe('genericObjects', () => {
    it('live: made, read, changed, removed, and still answered', async () => {
      const made = await createObject({ resourceData: { driver: 'scaleService', config: { amount: 1 } } });

      const changed = await project.genericObjects.update(made.id, { description: 'changed' });
      await project.genericObjects.remove(made.id);
      const removed = await readUntil(
        () => project.genericObjects.read(made.id),
        ({ state }) => state === 'removed' || state === 'purged',
      );

      expect(made.resourceData).toEqual({ driver: 'scaleService', config: { amount: 1 } });
      expect(changed['description']).toBe('changed');
      expect(removed.state).toMatch(/^(?:removed|purged)$/);
      expect(await project.genericObjects.list({ key: String(made.key) })).toEqual([]);
    });

    it('have their resourceData replaced whole', async () => {
      const { id } = await createObject({ resourceData: { a: 1, b: { c: 2 } } });

      await project.genericObjects.update(id, { resourceData: { d: 'ü' } });

      expect((await project.genericObjects.read(id)).resourceData).toEqual({ d: 'ü' });
    });

    it('keep name, key and kind whatever is put', async () => {
      const { id, name, key, kind } = await createObject();

      await project.genericObjects.update(id, { name: 'other', key: 'other', kind: 'other' });

      expect(await project.genericObjects.read(id)).toMatchObject({ name, key, kind });
    });

    it('are found by their exact key', async () => {
      const key = `k${unique()}`;
      const { id } = await createObject({ key });
      await createObject({ key: `${key}x` });

      expect((await project.genericObjects.list({ key })).map((object) => object.id)).toEqual([id]);
      expect(await project.genericObjects.list({ key: key.slice(0, -1) })).toEqual([]);
      expect(await project.genericObjects.list({ key_like: `${key}%` })).toHaveLength(2);
    });

    it('may share name and key', async () => {
      const { name, key } = await createObject();

      await createObject({ name, key });

      expect(await project.genericObjects.list({ key: String(key) })).toHaveLength(2);
    });

    it.each([
      [{ resourceData: 'text' }, 'InvalidFormat', 'resourceData'],
      [{ resourceData: null }, 'NotNullable', 'resourceData'],
    ])('refuse %j', async (body, rancherCode, fieldName) => {
      const { id } = await createObject();

      await expect(project.genericObjects.update(id, body)).rejects.toMatchObject({
        code: 'RANCHER_REJECTED',
        details: { applied: 'no', rancherCode, fieldName },
      });
    });
  });

  describe('lists', () => {
    it('are read over several pages, each resource once', async () => {
      const kind = `contract${unique()}`;
      const made = await Promise.all(Array.from({ length: 7 }, () => createObject({ kind })));

      const listed = await project.genericObjects.list({ kind, limit: '3' });

      expect(listed.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
    });

    it('are filtered by columns, and unknown filters are ignored', async () => {
      const kind = `contract${unique()}`;
      const { id } = await createObject({ kind });
      await createObject({ kind });

      const filtered = await project.genericObjects.list({ kind, nosuchfield: '1', resourceData: 'x' });

      expect(filtered).toHaveLength(2);
      expect(filtered.map((object) => object.id)).toContain(id);
    });

    it('cannot be filtered by an id as Rancher spells it', async () => {
      const { id } = await createObject();

      expect(await project.genericObjects.list({ id })).toEqual([]);
      expect(await project.genericObjects.list({ id: id.replace('1go', '') })).toHaveLength(1);
    });

    it('hold services by stack', async () => {
      const { id } = await createService();

      const services = await project.services.list({ stackId: subject.stackId });

      expect(services.map((service) => service.id)).toContain(id);
      expect(new Set(services.map(({ stackId }) => stackId))).toEqual(new Set([subject.stackId]));
    }, 60_000);
  });

  describe('the change stream', () => {
    it('delivers a changed service, whole', async () => {
      const { id } = await createService();
      const { ready, change } = nextChange(project, (resource) => resource.id === id && resource['scale'] === 2);
      await ready;

      await putScale(id, 2);

      expect(await change).toMatchObject({ id, type: 'service', stackId: subject.stackId });
    }, 60_000);

    it('delivers a made, a changed and a removed genericObject', async () => {
      const key = `k${unique()}`;
      const made = nextChange(project, (resource) => resource['key'] === key);
      await made.ready;
      const { id } = await createObject({ key });
      const removed = nextChange(
        project,
        (resource) => resource.id === id && String(resource.state).startsWith('remov'),
      );
      const changed = nextChange(
        project,
        ({ id: changedId, ...fields }) => changedId === id && fields['description'] === 'd',
      );
      await changed.ready;

      await project.genericObjects.update(id, { description: 'd' });
      await changed.change;
      await project.genericObjects.remove(id);

      expect(await made.change).toMatchObject({ id, type: 'genericObject' });
      expect(await removed.change).toMatchObject({ id, key });
    }, 30_000);

    it('tells when it was heard last', async () => {
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const stop = project.changes().watch({ onResync: resolve, onChange: () => {} });
      await ready;

      expect(project.changes().silentForMs()).toBeLessThan(15_000);
      stop();
    });
  });
});

if (isOnSandbox) {
  describe('contract/rancher on connections that are cut (sandbox only: a real one may speak TLS)', () => {
    it('resyncs after the change stream came back', async () => {
      const proxy = await startCuttableProxy(subject.url);
      const server = connectRancher({ url: proxy.url, credentials: subject.credentials });
      const rancher = server.project(project.projectId);
      const resyncs: (() => void)[] = [];
      const first = new Promise<void>((resolve) => resyncs.push(resolve));
      const second = new Promise<void>((resolve) => resyncs.push(resolve));
      rancher.changes().watch({ onChange: () => {}, onResync: () => resyncs.shift()?.() });
      await first;

      proxy.cut();

      await expect(second).resolves.toBeUndefined();
      await server.close();
      await proxy.close();
    });

    it('takes a write whose answer is lost as in doubt, and it was applied', async () => {
      const { id } = await createService();
      const proxy = await startCuttableProxy(subject.url);
      const server = connectRancher({ url: proxy.url, credentials: subject.credentials });
      const { services } = server.project(project.projectId);
      proxy.swallowNextAnswer();

      await expect(services.update(id, { scale: 4 })).rejects.toMatchObject({
        code: 'RANCHER_UNAVAILABLE',
        details: { applied: 'unknown' },
      });

      expect((await services.read(id)).scale).toBe(4);
      await server.close();
      await proxy.close();
    });

    it('refuses a wrong key', async () => {
      const server = connectRancher({
        url: subject.url,
        credentials: { accessKey: 'sandbox', secretKey: 'wrong' },
      });

      await expect(server.project(project.projectId).services.list()).rejects.toMatchObject({
        code: 'RANCHER_UNAUTHORIZED',
      });
      await server.close();
    });
  });
}
