import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReceiverSettings } from '../../src/receivers/receiver-settings.ts';
import { settingsOf } from '../../src/receivers/stored-receiver.ts';
import { projectId, startInstallations, until, untilCached, urlOf } from './support/installations.ts';
import type { Installations, Installed } from './support/installations.ts';

let all: Installations;
let here: Installed;
let elsewhere: Installed;

beforeEach(async () => {
  all = await startInstallations();
  here = all.install();
  elsewhere = all.install();
});

afterEach(async () => {
  await all.close();
});

const optionsOf = (objectId: string): unknown =>
  (all.sandbox.inspect(objectId)?.['resourceData'] as { receiverHooks?: unknown } | undefined)?.receiverHooks;

/** A receiver that `here` knows, and of which it hears nothing more. */
async function knownHere(name: string): Promise<{ readonly id: string; readonly key: string }> {
  const { id, key } = await here.create(projectId, all.settings(name), urlOf);
  await untilCached(all.sandbox, here, key);
  here.becomeDeaf();
  return { id, key };
}

describe('receivers that another installation changed a moment ago', () => {
  it('are paused although they are still known as paused', async () => {
    const { id } = await knownHere('resumed-elsewhere');
    await here.setState(projectId, id, 'paused', urlOf);
    await elsewhere.setState(projectId, id, 'active', urlOf);

    await here.setState(projectId, id, 'paused', urlOf);

    expect(optionsOf(id)).toMatchObject({ state: 'paused' });
  });

  it('keep what was edited when they are paused, and stay paused when they are edited', async () => {
    const { id } = await knownHere('edited-elsewhere');
    await elsewhere.update(projectId, id, () => all.settings('edited-elsewhere', { repeatAfterSeconds: 5 }), urlOf);

    await here.setState(projectId, id, 'paused', urlOf);
    expect(optionsOf(id)).toMatchObject({ state: 'paused', repeatAfterSeconds: 5 });

    await elsewhere.setState(projectId, id, 'active', urlOf);
    await here.update(projectId, id, () => all.settings('edited-elsewhere', { repeatAfterSeconds: 7 }), urlOf);
    expect(optionsOf(id)).toMatchObject({ state: 'active', repeatAfterSeconds: 7 });
  });

  it('are edited from what they are now', async () => {
    const { id } = await knownHere('merged');
    const rateLimit = { triggers: 3, perSeconds: 60 };
    await elsewhere.update(projectId, id, () => all.settings('merged', { rateLimit }), urlOf);

    await here.update(
      projectId,
      id,
      ({ content }) => {
        if (content.kind !== 'usable') throw new Error(content.reason);
        return { ...settingsOf(content.receiver), repeatAfterSeconds: 7 };
      },
      urlOf,
    );

    expect(optionsOf(id)).toMatchObject({ repeatAfterSeconds: 7, rateLimit });
  });

  it.each(['rotated', 'renamed'] as const)('are found when they were %s', async (what) => {
    const { id } = await knownHere('moved');
    const moved =
      what === 'rotated'
        ? await elsewhere.rotateKey(projectId, id, urlOf)
        : await elsewhere.update(projectId, id, () => all.settings('moved-on'), urlOf);

    await here.setState(projectId, id, 'paused', urlOf);

    expect(optionsOf(moved.objectId)).toMatchObject({ id, state: 'paused' });
  });

  it('are removed whole when they were rotated', async () => {
    const { id } = await knownHere('rotated-then-removed');
    const { objectId } = await elsewhere.rotateKey(projectId, id, urlOf);

    await here.remove(projectId, id);

    await until(() => all.sandbox.inspect(objectId)?.['state'] === 'removed');
  });

  it('are gone for whoever changes them after they were removed', async () => {
    const { id } = await knownHere('removed-elsewhere');
    await elsewhere.remove(projectId, id);
    await until(() => all.sandbox.inspect(id)?.['state'] === 'removed');

    await expect(here.setState(projectId, id, 'paused', urlOf)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('what a caller may do with a receiver', () => {
  it('is asked of the receiver as it is now, before anything is written', async () => {
    const { id, key } = await knownHere('asked');
    const config = { type: 'scaleService', serviceId: all.serviceId, action: 'up', amount: 4, min: 1, max: 99 };
    await elsewhere.update(projectId, id, () => all.settings('asked', { config }), urlOf);
    const asked: unknown[] = [];
    const refuse = async (now: ReceiverSettings): Promise<void> => {
      asked.push(now.config);
      return Promise.reject(new Error('refused'));
    };

    await expect(here.rotateKey(projectId, id, urlOf, refuse)).rejects.toThrow('refused');
    await expect(here.adopt(projectId, id, urlOf, refuse)).rejects.toThrow('refused');
    await expect(here.setState(projectId, id, 'active', urlOf, refuse)).rejects.toThrow('refused');

    expect(asked).toMatchObject([config, config, config]);
    expect(await all.install().findByKey(projectId, key)).toMatchObject({ id });
  });

  it('is asked again when it changes in between', async () => {
    const { id } = await here.create(projectId, all.settings('asked-twice'), urlOf);
    const asked: unknown[] = [];
    const agree = async ({ repeatAfterSeconds }: { readonly repeatAfterSeconds: number }): Promise<void> => {
      asked.push(repeatAfterSeconds);
      if (asked.length > 1) return;
      await elsewhere.update(projectId, id, () => all.settings('asked-twice', { repeatAfterSeconds: 5 }), urlOf);
    };

    await here.adopt(projectId, id, urlOf, agree);

    expect(asked).toEqual([600, 5]);
    expect(optionsOf(id)).toMatchObject({ repeatAfterSeconds: 5 });
  });
});

describe('a change that fails half-way', () => {
  const failing = (method: string, path: RegExp, times: number): void => {
    all.sandbox.faults.add({ method, path, times, fault: { kind: 'status', status: 503, when: 'before-acting' } });
  };
  /** Of the two look-ups of a name, the one after the create. */
  const failSecondLook = (): void => {
    const path = /name=half/;
    all.sandbox.faults.add({ method: 'GET', path, fault: { kind: 'delay', ms: 0, when: 'before-acting' } });
    failing('GET', path, 1);
  };
  const objectsNamed = async (name: string): Promise<readonly { readonly id: string }[]> =>
    await here.server.project(projectId).genericObjects.list({ name });

  it('leaves nothing of a receiver whose name could not be looked for a second time', async () => {
    await here.list(projectId);
    failSecondLook();

    await expect(here.create(projectId, all.settings('half'), urlOf)).rejects.toMatchObject({
      code: 'RANCHER_UNAVAILABLE',
    });

    await until(async () => (await objectsNamed('half')).length === 0);
    await here.create(projectId, all.settings('half'), urlOf);
  });

  it.each([1, 4])('leaves the old key alive when a rotation is taken back, after %d failures', async (failures) => {
    const { id, key } = await here.create(projectId, all.settings('half'), urlOf);
    await untilCached(all.sandbox, here, key);
    failSecondLook();
    failing('DELETE', /genericobjects/i, failures);

    await expect(here.rotateKey(projectId, id, urlOf)).rejects.toMatchObject({ code: 'RANCHER_UNAVAILABLE' });

    expect(await here.findByKey(projectId, key)).toMatchObject({ id });
    await until(async () => (await objectsNamed('half')).length === 1);
    expect(await all.install().findByKey(projectId, key)).toMatchObject({ id });
  });

  it('takes it back later when it cannot be taken back now', async () => {
    await here.list(projectId);
    failSecondLook();
    failing('DELETE', /genericobjects/i, 4);

    await expect(here.create(projectId, all.settings('half'), urlOf)).rejects.toMatchObject({
      code: 'RANCHER_UNAVAILABLE',
    });

    expect(await objectsNamed('half')).toHaveLength(1);
    await until(async () => (await objectsNamed('half')).length === 0);
  });

  it('answers the new key when only the old object could not be removed, and removes that later', async () => {
    const { id, key, objectId } = await here.create(projectId, all.settings('rotated'), urlOf);
    failing('DELETE', /genericobjects/i, 4);

    const rotated = await here.rotateKey(projectId, id, urlOf);

    expect(await here.findByKey(projectId, rotated.key)).toMatchObject({ id });
    expect(await here.findByKey(projectId, key)).toBeUndefined();
    await until(() => all.sandbox.inspect(objectId)?.['state'] === 'removed');
  });
});
