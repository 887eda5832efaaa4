import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rancher } from '../../src/rancher/rancher.ts';
import { readUntil, startRancherUnderTest, type RancherUnderTest } from '../support/rancher-under-test.ts';
import { createObject, createService, removeObjects, unique } from './support/made-resources.ts';

let subject: RancherUnderTest;
let project: Rancher;

beforeAll(async () => {
  subject = await startRancherUnderTest();
  ({ project } = subject);
}, 60_000);

afterAll(async () => {
  await removeObjects(subject);
  await subject.close();
}, 60_000);

describe('contract/generic-objects', () => {
  describe('genericObjects', () => {
    it('live: made, read, changed, removed, and still answered', async () => {
      const made = await createObject(subject, { resourceData: { driver: 'scaleService', config: { amount: 1 } } });

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
      const { id } = await createObject(subject, { resourceData: { a: 1, b: { c: 2 } } });

      await project.genericObjects.update(id, { resourceData: { d: 'ü' } });

      expect((await project.genericObjects.read(id)).resourceData).toEqual({ d: 'ü' });
    });

    it('keep name, key and kind whatever is put', async () => {
      const { id, name, key, kind } = await createObject(subject);

      await project.genericObjects.update(id, { name: 'other', key: 'other', kind: 'other' });

      expect(await project.genericObjects.read(id)).toMatchObject({ name, key, kind });
    });

    it('are found by their exact key', async () => {
      const key = `k${unique()}`;
      const { id } = await createObject(subject, { key });
      await createObject(subject, { key: `${key}x` });

      expect((await project.genericObjects.list({ key })).map((object) => object.id)).toEqual([id]);
      expect(await project.genericObjects.list({ key: key.slice(0, -1) })).toEqual([]);
      expect(await project.genericObjects.list({ key_like: `${key}%` })).toHaveLength(2);
    });

    it('may share name and key', async () => {
      const { name, key } = await createObject(subject);

      await createObject(subject, { name, key });

      expect(await project.genericObjects.list({ key: String(key) })).toHaveLength(2);
    });

    it.each([
      [{ resourceData: 'text' }, 'InvalidFormat', 'resourceData'],
      [{ resourceData: null }, 'NotNullable', 'resourceData'],
    ])('refuse %j', async (body, rancherCode, fieldName) => {
      const { id } = await createObject(subject);

      await expect(project.genericObjects.update(id, body)).rejects.toMatchObject({
        code: 'RANCHER_REJECTED',
        details: { applied: 'no', rancherCode, fieldName },
      });
    });
  });

  describe('lists', () => {
    it('are read over several pages, each resource once', async () => {
      const kind = `contract${unique()}`;
      const made = await Promise.all(Array.from({ length: 7 }, () => createObject(subject, { kind })));

      const listed = await project.genericObjects.list({ kind, limit: '3' });

      expect(listed.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
    });

    it('are filtered by columns, and unknown filters are ignored', async () => {
      const kind = `contract${unique()}`;
      const { id } = await createObject(subject, { kind });
      await createObject(subject, { kind });

      const filtered = await project.genericObjects.list({ kind, nosuchfield: '1', resourceData: 'x' });

      expect(filtered).toHaveLength(2);
      expect(filtered.map((object) => object.id)).toContain(id);
    });

    it('cannot be filtered by an id as Rancher spells it', async () => {
      const { id } = await createObject(subject);

      expect(await project.genericObjects.list({ id })).toEqual([]);
      expect(await project.genericObjects.list({ id: id.replace('1go', '') })).toHaveLength(1);
    });

    it('hold services by stack', async () => {
      const { id } = await createService(subject);

      const services = await project.services.list({ stackId: subject.stackId });

      expect(services.map((service) => service.id)).toContain(id);
      expect(new Set(services.map(({ stackId }) => stackId))).toEqual(new Set([subject.stackId]));
    }, 60_000);
  });
});
