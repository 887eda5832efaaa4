import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { projectId, startInstallations, until, untilCached, urlOf } from './support/installations.ts';
import type { Installations, Installed } from './support/installations.ts';

let all: Installations;
let sandbox: Sandbox;
let serviceId: string;
let nowMs = 0;

beforeEach(async () => {
  nowMs = 0;
  all = await startInstallations();
  ({ sandbox, serviceId } = all);
});

afterEach(async () => {
  await all.close();
});

const install = (options: Parameters<Installations['install']>[0] = {}): Installed =>
  all.install({ nowMs: () => nowMs, ...options });
const settings: Installations['settings'] = (name, more) => all.settings(name, more);
const placeOld: Installations['placeOld'] = (name, key, more) => all.placeOld(name, key, more);
const objectsNamed = async (name: string): Promise<readonly { readonly id: string }[]> =>
  await install().server.project(projectId).genericObjects.list({ name });
const lookUps = (): number => sandbox.calls.count({ method: 'GET', path: /genericobjects/i });

describe('receivers/receivers', () => {
  it('runs a receiver that the old service stored', async () => {
    const key = 'o'.repeat(40);
    const id = placeOld('of-old', key);

    expect(await install().findByKey(projectId, key)).toMatchObject({
      id,
      name: 'of-old',
      driver: 'scaleService',
      config: { serviceId, amount: 1 },
      state: 'active',
      format: 'auto',
      repeatAfterSeconds: 600,
    });
  });

  it('answers from memory once the change stream is heard', async () => {
    const receivers = install();
    const { key } = await receivers.create(projectId, settings('cached'), urlOf);
    await untilCached(sandbox, receivers, key);
    const before = lookUps();

    for (let n = 0; n < 100; n += 1)
      expect(await receivers.findByKey(projectId, key)).toMatchObject({ name: 'cached' });

    expect(lookUps()).toBe(before);
  });

  it('asks Rancher for each key while the stream is gone', async () => {
    const receivers = install();
    const { key, objectId } = await receivers.create(projectId, settings('silent'), urlOf);
    await untilCached(sandbox, receivers, key);
    sandbox.faults.add({
      path: /subscribe/,
      times: Infinity,
      fault: { kind: 'status', status: 503, when: 'before-acting' },
    });
    sandbox.dropChangeStreams();
    const elsewhere = install();
    await until(async () => {
      const before = lookUps();
      await receivers.findByKey(projectId, key);
      return lookUps() > before;
    });

    await elsewhere.remove(projectId, objectId);
    await until(() => sandbox.inspect(objectId)?.['state'] === 'removed');

    expect(await receivers.findByKey(projectId, key)).toBeUndefined();
  });

  it('hears of what another installation makes, pauses and removes', async () => {
    const here = install();
    const elsewhere = install();
    const first = await here.create(projectId, settings('first'), urlOf);
    await untilCached(sandbox, here, first.key);

    const made = await elsewhere.create(projectId, settings('made-elsewhere'), urlOf);
    expect(await here.findByKey(projectId, made.key)).toMatchObject({ id: made.id });
    await elsewhere.setState(projectId, first.id, 'paused', urlOf);
    await until(async () => (await here.findByKey(projectId, first.key))?.state === 'paused');
    expect(await here.isLive(projectId, first.id)).toBe(false);
    await elsewhere.remove(projectId, made.id);
    await until(async () => (await here.findByKey(projectId, made.key)) === undefined);
    expect(await here.isLive(projectId, made.id)).toBe(false);
  });

  it('asks once for an unknown key, by its hash and by itself, and remembers that for five seconds', async () => {
    const receivers = install();
    const key = 'u'.repeat(40);
    expect(await receivers.findByKey(projectId, key)).toBeUndefined();
    const before = sandbox.calls.count({ path: /key=/ });

    await Promise.all(Array.from({ length: 50 }, () => receivers.findByKey(projectId, key)));
    expect(sandbox.calls.count({ path: /key=/ })).toBe(before);

    nowMs += 5_001;
    await Promise.all(Array.from({ length: 50 }, () => receivers.findByKey(projectId, key)));
    expect(sandbox.calls.count({ path: /key=/ })).toBe(before + 2);
  });

  it('limits how often strangers make it ask, without shutting the owners out', async () => {
    const receivers = install();
    const { key } = await receivers.create(projectId, settings('owners'), urlOf);
    await untilCached(sandbox, receivers, key);
    const before = sandbox.calls.count({ path: /key=/ });

    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => receivers.findByKey(projectId, `guess${String(n)}`)),
    );

    expect(answers.filter((answer) => answer !== undefined)).toEqual([]);
    expect(sandbox.calls.count({ path: /key=/ }) - before).toBeLessThanOrEqual(40);
    expect(await receivers.findByKey(projectId, key)).toMatchObject({ name: 'owners' });
  });

  it('answers many owners at once before it has loaded their keys', async () => {
    const maker = install();
    const made = await Promise.all(
      Array.from({ length: 60 }, (_, n) => maker.create(projectId, settings(`owner-${String(n)}`), urlOf)),
    );
    const fresh = install();

    for (const { key, name } of made) {
      expect(await fresh.findByKey(projectId, key)).toMatchObject({ name });
    }
  });

  it('knows a project that our key does not reach by its code, and does not ask for each caller', async () => {
    const receivers = install();
    const ask = async (): Promise<unknown> => receivers.findByKey('1a99999', 'x'.repeat(40));

    await expect(ask()).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' });
    const before = sandbox.calls.count({});
    for (let n = 0; n < 20; n += 1) await expect(ask()).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' });

    expect(sandbox.calls.count({})).toBe(before);
  });

  it('keeps key and receiver of one environment out of another', async () => {
    const receivers = install();
    const { key, id } = await receivers.create(projectId, settings('mine'), urlOf);

    expect(await receivers.findByKey('1a7', key)).toBeUndefined();
    expect(await receivers.find('1a7', id)).toBeUndefined();
    await expect(receivers.remove('1a7', id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(sandbox.inspect(id)).toMatchObject({ state: 'active' });
  });

  it('lets the first object win when two installations take one name at the same time', async () => {
    const [one, two] = [install(), install()];

    const results = await Promise.allSettled(
      [one, two, one, two].map((receivers) => receivers.create(projectId, settings('raced'), urlOf)),
    );

    const made = results.filter(({ status }) => status === 'fulfilled');
    expect(made).toHaveLength(1);
    await until(async () => {
      return (await objectsNamed('raced')).length === 1;
    });
    // The other installation's removal is heard through the change stream.
    await until(async () => (await one.list(projectId)).filter(({ name }) => name === 'raced').length === 1);
  });

  it('makes one receiver when the answer to the create is lost', async () => {
    const receivers = install();
    sandbox.faults.add({ method: 'POST', path: /genericobjects/i, fault: { kind: 'reset', when: 'after-acting' } });

    const made = await receivers.create(projectId, settings('lost'), urlOf);

    expect(await receivers.findByKey(projectId, made.key)).toMatchObject({ name: 'lost' });
    expect((await receivers.list(projectId)).map(({ name }) => name)).toEqual(['lost']);
  });

  it.each(['create', 'rotation'] as const)(
    'takes back a %s that lands after its caller was told it failed',
    async (what) => {
      const receivers = install();
      const { id, key } = await receivers.create(projectId, settings('late'), urlOf);
      if (what === 'create') await receivers.remove(projectId, id);
      sandbox.faults.add({ method: 'POST', path: /genericobjects/i, fault: { kind: 'late', afterMs: 150 } });

      const write =
        what === 'create'
          ? receivers.create(projectId, settings('late'), urlOf)
          : receivers.rotateKey(projectId, id, urlOf);

      await expect(write).rejects.toMatchObject({ code: 'RANCHER_UNAVAILABLE' });
      await until(async () => (await objectsNamed('late')).some((object) => object.id !== id));
      await until(async () => (await objectsNamed('late')).every((object) => object.id === id));
      if (what === 'rotation') expect(await receivers.findByKey(projectId, key)).toMatchObject({ id });
    },
  );

  it('stores nothing when Rancher refuses the create', async () => {
    const receivers = install();
    sandbox.faults.add({
      method: 'POST',
      path: /genericobjects/i,
      times: Infinity,
      fault: { kind: 'status', status: 500, when: 'before-acting' },
    });

    await expect(receivers.create(projectId, settings('refused'), urlOf)).rejects.toMatchObject({
      code: 'RANCHER_UNAVAILABLE',
    });

    expect(await receivers.list(projectId)).toEqual([]);
  });

  it.each(['conflict', 'lost answer'] as const)('carries an edit through a %s', async (fault) => {
    const receivers = install();
    const { id } = await receivers.create(projectId, settings('edited'), urlOf);
    sandbox.faults.add({
      method: 'PUT',
      fault: fault === 'conflict' ? { kind: 'conflict' } : { kind: 'reset', when: 'after-acting' },
    });

    await receivers.update(projectId, id, () => settings('edited', { repeatAfterSeconds: 5 }), urlOf);

    expect(sandbox.inspect(id)).toMatchObject({ resourceData: { receiverHooks: { repeatAfterSeconds: 5 } } });
  });

  it('keeps fields of a stored receiver that it does not know', async () => {
    const id = placeOld('extended', 'e'.repeat(40), { description: 'by hand' });

    await install().setState(projectId, id, 'paused', urlOf);

    expect(sandbox.inspect(id)).toMatchObject({ resourceData: { description: 'by hand', driver: 'scaleService' } });
  });

  it('serialises edits of one receiver: none is lost', async () => {
    const receivers = install();
    const { id } = await receivers.create(projectId, settings('busy'), urlOf);

    await Promise.all([
      receivers.update(projectId, id, () => settings('busy', { repeatAfterSeconds: 5 }), urlOf),
      receivers.setState(projectId, id, 'paused', urlOf),
      receivers.rotateKey(projectId, id, urlOf),
    ]);

    expect((await receivers.find(projectId, id))?.content).toMatchObject({
      receiver: { state: 'paused', repeatAfterSeconds: 5 },
    });
  });

  it('keeps the id through rotation and rename, and what comes after finds it by that id', async () => {
    const receivers = install();
    const { id, key } = await receivers.create(projectId, settings('born'), urlOf);

    const rotated = await receivers.rotateKey(projectId, id, urlOf);
    const renamed = await receivers.update(projectId, id, () => settings('renamed'), urlOf);

    expect([rotated.id, renamed.id]).toEqual([id, id]);
    expect(renamed.key).toBe(rotated.key);
    expect(await receivers.findByKey(projectId, key)).toBeUndefined();
    expect(await install().find(projectId, id)).toMatchObject({ name: 'renamed', key: rotated.key });
    expect(await install().isLive(projectId, id)).toBe(true);
    await receivers.remove(projectId, id);
    expect(await install().find(projectId, id)).toBeUndefined();
    expect(await receivers.isLive(projectId, id)).toBe(false);
  });

  it('takes the newer of two objects of one receiver, and the next write removes the older', async () => {
    const older = placeOld('cut-short', 'p'.repeat(40));
    const newer = placeOld('cut-short', 'q'.repeat(40), {
      receiverHooks: {
        version: 1,
        id: older,
        state: 'active',
        format: 'auto',
        formatSettings: {},
        repeatAfterSeconds: 600,
      },
    });
    const receivers = install();
    await untilCached(sandbox, receivers, 'q'.repeat(40));

    expect(await receivers.findByKey(projectId, 'p'.repeat(40))).toBeUndefined();
    expect(await receivers.list(projectId)).toMatchObject([{ id: older, objectId: newer }]);
    await receivers.setState(projectId, older, 'paused', urlOf);
    await until(() => sandbox.inspect(older)?.['state'] === 'removed');
    expect(sandbox.inspect(newer)).toMatchObject({ resourceData: { receiverHooks: { id: older, state: 'paused' } } });
  });

  it.each([
    ['no resourceData at all', undefined],
    ['a config of a wrong type', { driver: 'scaleService', config: 7 }],
    ['options of a wrong type', { driver: 'scaleService', config: {}, receiverHooks: [] }],
    ['options of a later version', { driver: 'scaleService', config: {}, receiverHooks: { version: 2 } }],
    ['a driver of a wrong type', { driver: { a: 1 }, config: {} }],
  ] as const)('lists an object with %s as unusable and refuses to run it', async (_what, resourceData) => {
    const key = 'w'.repeat(40);
    const id = sandbox.addGenericObject({
      projectId,
      kind: 'webhookReceiver',
      name: 'foreign',
      key,
      ...(resourceData === undefined ? {} : { resourceData }),
    });
    const receivers = install();

    expect(await receivers.list(projectId)).toMatchObject([{ id, content: { kind: 'unusable' } }]);
    await expect(receivers.findByKey(projectId, key)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
    expect(await receivers.isLive(projectId, id)).toBe(false);
    await receivers.remove(projectId, id);
    expect(await receivers.list(projectId)).toEqual([]);
  });

  it('takes no object of another kind for a receiver', async () => {
    const key = 'n'.repeat(40);
    const { driver, config } = settings('x');
    sandbox.addGenericObject({ projectId, kind: 'other', name: 'x', key, resourceData: { driver, config } });
    const receivers = install();

    expect(await receivers.findByKey(projectId, key)).toBeUndefined();
    expect(await receivers.list(projectId)).toEqual([]);
    await receivers.create(projectId, settings('x'), urlOf);
  });

  it('finds a key among ten thousand receivers without one call', async () => {
    for (let n = 0; n < 10_000; n += 1) placeOld(`r${String(n)}`, `key${String(n)}`);
    const receivers = install();
    await receivers.findByKey(projectId, 'key9999');
    await until(async () => {
      const before = lookUps();
      await receivers.findByKey(projectId, 'key9999');
      return lookUps() === before;
    });
    const before = lookUps();

    for (let n = 0; n < 1_000; n += 1)
      expect(await receivers.findByKey(projectId, `key${String(n)}`)).toMatchObject({ name: `r${String(n)}` });

    expect(lookUps()).toBe(before);
  });

  it('runs an old token hook with the config of its token, as long as its object is there', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const receivers = install({ legacyPublicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() });
    const id = placeOld('token-hook', '5f6e-uuid', { config: undefined });
    const config = { serviceId, action: 'down', amount: 2, min: 1, max: 9 };
    const token = await new SignJWT({ driver: 'scaleService', projectId, uuid: '5f6e-uuid', config })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(privateKey);

    expect(await receivers.findByToken(token)).toMatchObject({ id, name: 'token-hook', config: { amount: 2 } });
    await receivers.remove(projectId, id);
    expect(await receivers.findByToken(token)).toBeUndefined();
    const elsewhere = await new SignJWT({ driver: 'scaleService', projectId: '1a99999', uuid: '5f6e-uuid', config })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(privateKey);
    expect(await receivers.findByToken(elsewhere)).toBeUndefined();
  });

  it('runs an old token hook only as its options say, though its object has no config', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const legacyPublicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const options = { version: 1, state: 'paused', format: 'generic', formatSettings: {}, repeatAfterSeconds: 7 };
    placeOld('paused-hook', 'uuid-paused', { config: undefined, receiverHooks: options });
    placeOld('unreadable-hook', 'uuid-unreadable', { config: undefined, receiverHooks: { ...options, version: 2 } });
    const receivers = install({ legacyPublicKey });
    const token = (uuid: string): Promise<string> =>
      new SignJWT({
        driver: 'scaleService',
        projectId,
        uuid,
        config: { serviceId, action: 'up', amount: 1, min: 1, max: 9 },
      })
        .setProtectedHeader({ alg: 'RS256' })
        .sign(privateKey);

    expect(await receivers.findByToken(await token('uuid-paused'))).toMatchObject({
      state: 'paused',
      format: 'generic',
      repeatAfterSeconds: 7,
    });
    await expect(receivers.findByToken(await token('uuid-unreadable'))).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
    });
  });
});
