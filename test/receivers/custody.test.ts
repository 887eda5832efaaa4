import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Custody } from '../../src/receivers/custody.ts';
import type { SignatureSettings } from '../../src/receivers/demands.ts';
import type { ReceiverSettings } from '../../src/receivers/receiver-settings.ts';
import { createSealing } from '../../src/receivers/sealing.ts';
import { openSecret } from '../../src/receivers/secrets.ts';
import { isHashedKey } from '../../src/receivers/trigger-key.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { projectId, startInstallations, urlOf } from './support/installations.ts';
import type { Installations, Installed } from './support/installations.ts';

const sealing = createSealing(Buffer.alloc(32, 5));
const hashed: Custody = { sealing, triggerKeys: 'hashed' };
const plain: Custody = { sealing, triggerKeys: 'plain' };
const otherKey: Custody = { sealing: createSealing(Buffer.alloc(32, 6)), triggerKeys: 'hashed' };

let all: Installations;
let sandbox: Sandbox;
let newest: Installed | undefined;

beforeEach(async () => {
  all = await startInstallations();
  ({ sandbox } = all);
});

afterEach(async () => {
  await all.close();
});

function install(custody: Custody): Installed {
  newest = all.install({ custody });
  return newest;
}

const settings = (more: Partial<ReceiverSettings> = {}): ReceiverSettings => all.settings('web-up', more);

const signature = (text: string): SignatureSettings => ({
  kind: 'github',
  secrets: [{ id: 'a', created: '2026-11-23T13:00:00Z', plain: text, origin: 'given' }],
});

/** Everything of a receiver's object, as any member of the environment reads it. */
const readable = (objectId: string): string => JSON.stringify(sandbox.inspect(objectId));

async function changeByHand(objectId: string, change: (stored: Record<string, unknown>) => void): Promise<void> {
  const rancher = newest?.server.project(projectId);
  const object = await rancher?.genericObjects.read(objectId);
  const resourceData = structuredClone(object?.resourceData ?? {}) as Record<string, unknown>;
  change(resourceData);
  await rancher?.genericObjects.update(objectId, { resourceData });
  await rancher?.close();
}

describe('receivers/custody: trigger keys', () => {
  it('lets nobody read a usable key in Rancher', async () => {
    const receivers = install(hashed);
    const { key, objectId, storedKey } = await receivers.create(projectId, settings(), urlOf);

    expect(isHashedKey(storedKey)).toBe(true);
    expect(readable(objectId)).not.toContain(key);
    expect(await receivers.findByKey(projectId, key)).toMatchObject({ name: 'web-up' });
    expect(await receivers.findByKey(projectId, storedKey)).toBeUndefined();
    expect(await install(hashed).findByKey(projectId, storedKey)).toBeUndefined();
  });

  it('still knows the key for those who may manage, on every replica', async () => {
    const { key, id } = await install(hashed).create(projectId, settings(), urlOf);

    expect(await install(hashed).find(projectId, id)).toMatchObject({ key });
  });

  it('keeps key and id through a rename, and ends the old key with a rotation', async () => {
    const receivers = install(hashed);
    const { key, id } = await receivers.create(projectId, settings(), urlOf);

    const renamed = await receivers.update(projectId, id, () => settings({ name: 'other' }), urlOf);
    expect(renamed).toMatchObject({ id, key, name: 'other', provenance: 'ours' });
    const rotated = await receivers.rotateKey(projectId, id, urlOf);

    expect(rotated).toMatchObject({ id, name: 'other', provenance: 'ours' });
    expect(await receivers.findByKey(projectId, key)).toBeUndefined();
    expect(await receivers.findByKey(projectId, rotated.key)).toMatchObject({ id });
    expect(readable(rotated.objectId)).not.toContain(rotated.key);
  });

  it('runs receivers whose key lies there in plain, and hashes it when they are saved', async () => {
    const { key, id } = await install(plain).create(projectId, settings(), urlOf);
    const receivers = install(hashed);
    expect(await receivers.findByKey(projectId, key)).toMatchObject({ id });

    const saved = await receivers.update(projectId, id, () => settings(), urlOf);

    expect(saved).toMatchObject({ id, key });
    expect(isHashedKey(saved.storedKey)).toBe(true);
    expect(readable(saved.objectId)).not.toContain(key);
    expect(await install(hashed).findByKey(projectId, key)).toMatchObject({ id });
  });

  it('goes back to plain keys, as the old service needs them, when they are saved', async () => {
    const { key, id } = await install(hashed).create(projectId, settings(), urlOf);
    const receivers = install(plain);
    expect(await receivers.findByKey(projectId, key)).toMatchObject({ id });

    const saved = await receivers.update(projectId, id, () => settings(), urlOf);

    expect(sandbox.inspect(saved.objectId)).toMatchObject({ key, resourceData: { url: urlOf(key) } });
  });

  it('triggers without the sealing key, and does not show what it cannot open', async () => {
    const { key, id } = await install(hashed).create(projectId, settings(), urlOf);
    const receivers = install(otherKey);

    expect(await receivers.findByKey(projectId, key)).toMatchObject({ id, provenance: 'other-key' });
    expect(await receivers.find(projectId, id)).toMatchObject({ key: '' });
    const renamed = await receivers.update(projectId, id, () => settings({ name: 'other' }), urlOf);
    expect(renamed).toMatchObject({ id, key: '', provenance: 'ours' });
    expect(await receivers.findByKey(projectId, key)).toMatchObject({ id, name: 'other' });
    expect(await receivers.rotateKey(projectId, id, urlOf)).toMatchObject({
      id,
      key: expect.stringMatching(/^\w{40}$/),
    });
  });
});

describe('receivers/custody: secrets', () => {
  it('are sealed, stay through edits, renames and rotations, and open for this receiver only', async () => {
    const receivers = install(hashed);
    const text = 'a-secret-of-the-sender';
    const made = await receivers.create(projectId, settings({ signature: signature(text) }), urlOf);
    await receivers.rotateKey(projectId, made.id, urlOf);
    const receiver = await receivers.find(projectId, made.id);
    const content = receiver?.content;
    if (content?.kind !== 'usable') throw new Error('the receiver is not usable');
    const [secret] = content.receiver.signature?.secrets ?? [];
    if (secret === undefined) throw new Error('the secret is gone');

    expect(readable(receiver?.objectId ?? '')).not.toContain(text);
    expect(openSecret(secret, 'signature', { projectId, uid: made.uid ?? '' }, sealing)).toBe(text);
    expect(() => openSecret(secret, 'signature', { projectId, uid: 'another' }, sealing)).toThrow(/another receiver/);
  });
});

describe('receivers/custody: provenance', () => {
  it('is ours for what we wrote, also on another replica and after a pause', async () => {
    const { id } = await install(hashed).create(projectId, settings(), urlOf);
    const receivers = install(hashed);

    expect(await receivers.find(projectId, id)).toMatchObject({ provenance: 'ours' });
    expect(await receivers.setState(projectId, id, 'paused', urlOf)).toMatchObject({ provenance: 'ours' });
    expect(await receivers.setState(projectId, id, 'active', urlOf)).toMatchObject({ provenance: 'ours' });
  });

  it.each([
    ['the config', (stored: Record<string, unknown>) => ((stored['config'] as Record<string, unknown>)['max'] = 99)],
    ['the driver', (stored: Record<string, unknown>) => (stored['driver'] = 'scaleHost')],
    [
      'the state',
      (stored: Record<string, unknown>) => ((stored['receiverHooks'] as Record<string, unknown>)['state'] = 'paused'),
    ],
    [
      'the signature it demands',
      (stored: Record<string, unknown>) => delete (stored['receiverHooks'] as Record<string, unknown>)['signature'],
    ],
    [
      'the proof',
      (stored: Record<string, unknown>) => delete (stored['receiverHooks'] as Record<string, unknown>)['proof'],
    ],
    ['all of our options', (stored: Record<string, unknown>) => delete stored['receiverHooks']],
  ])('ends when somebody changes %s in Rancher', async (_what, change) => {
    const made = await install(hashed).create(projectId, settings({ signature: signature('long-enough-1') }), urlOf);

    await changeByHand(made.objectId, change);

    expect(await install(hashed).find(projectId, made.objectId)).toMatchObject({ provenance: 'unverified' });
  });

  it('does not go with a copy under another key or name', async () => {
    const receivers = install(hashed);
    const made = await receivers.create(projectId, settings(), urlOf);
    const resourceData = sandbox.inspect(made.objectId)?.['resourceData'] as object;
    const copy = { projectId, kind: 'webhookReceiver', resourceData: { ...resourceData, receiverHooks: undefined } };
    const own = 'k'.repeat(40);
    const id = sandbox.addGenericObject({ ...copy, resourceData, name: 'copy', key: own });

    const found = (await install(hashed).findByKey(projectId, own)) ?? {};
    expect(found).toMatchObject({ provenance: 'unverified' });
    expect(id).not.toBe(made.objectId);
  });

  it('is not given by pausing, resuming or rotating what a stranger wrote, but by adopting or saving it', async () => {
    const id = sandbox.addGenericObject({
      projectId,
      kind: 'webhookReceiver',
      name: 'strange',
      key: 'k'.repeat(40),
      resourceData: { url: 'http://old/', driver: 'scaleService', config: settings().config },
    });
    const receivers = install(hashed);

    for (const state of ['paused', 'active'] as const) {
      expect(await receivers.setState(projectId, id, state, urlOf)).toMatchObject({ provenance: 'unverified' });
    }
    const rotated = await receivers.rotateKey(projectId, id, urlOf);
    expect(rotated).toMatchObject({ provenance: 'unverified' });
    const adopted = await receivers.adopt(projectId, id, urlOf, () => Promise.resolve());
    expect(adopted).toMatchObject({ id, provenance: 'ours' });
    expect(await install(hashed).find(projectId, id)).toMatchObject({ provenance: 'ours' });
  });

  it('goes only with what the caller may do: what somebody writes meanwhile is asked about, too', async () => {
    const receivers = install(hashed);
    const made = await receivers.create(projectId, settings(), urlOf);
    const agree = async ({ config }: ReceiverSettings): Promise<void> => {
      if (config['max'] === 99) throw new Error('refused');
      await changeByHand(made.objectId, (stored) => ((stored['config'] as Record<string, unknown>)['max'] = 99));
    };

    await expect(receivers.adopt(projectId, made.id, urlOf, agree)).rejects.toThrow('refused');

    expect(await install(hashed).find(projectId, made.id)).toMatchObject({ provenance: 'unverified' });
  });
});
