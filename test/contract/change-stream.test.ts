import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rancher } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { startCuttableProxy } from '../support/cuttable-proxy.ts';
import { isOnSandbox, startRancherUnderTest, type RancherUnderTest } from '../support/rancher-under-test.ts';
import { createObject, createService, nextChange, putScale, removeObjects, unique } from './support/made-resources.ts';

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

describe('contract/change-stream', () => {
  describe('the change stream', () => {
    it('delivers a changed service, whole', async () => {
      const { id } = await createService(subject);
      const { ready, change } = nextChange(project, (resource) => resource.id === id && resource['scale'] === 2);
      await ready;

      await putScale(project, id, 2);

      expect(await change).toMatchObject({ id, type: 'service', stackId: subject.stackId });
    }, 60_000);

    it('delivers a made, a changed and a removed genericObject', async () => {
      const key = `k${unique()}`;
      const made = nextChange(project, (resource) => resource['key'] === key);
      await made.ready;
      const { id } = await createObject(subject, { key });
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
  describe('contract/change-stream: connections that are cut (sandbox only: a real one may speak TLS)', () => {
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
      const { id } = await createService(subject);
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
