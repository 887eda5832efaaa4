import { randomBytes } from 'node:crypto';
import { hasCode } from '../../../src/domain/errors.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import type { GenericObject, Resource, Service } from '../../../src/rancher/resources.ts';
import { readUntil, type RancherUnderTest } from '../../support/rancher-under-test.ts';

/** A word that no other run uses. */
export function unique(): string {
  return randomBytes(6).toString('hex');
}

/** Makes a service in the suite's stack and waits, within bounds, until nothing moves. */
export async function createService(
  { project, stackId, imageUuid }: RancherUnderTest,
  fields: object = {},
  plural = 'services',
): Promise<Service> {
  const launchConfig = plural === 'services' ? { scale: 1, launchConfig: { imageUuid, networkMode: 'none' } } : {};
  const body = { name: `s${unique()}`, stackId, startOnCreate: true, ...launchConfig, ...fields };
  const { id } = await project.collection(plural).create(body);
  return settled(project, id);
}

/** The service once nothing moves any more; without hosts it never gets there, so the wait is bounded. */
export async function settled(project: Rancher, id: string): Promise<Service> {
  const isStill = ({ transitioning, state }: Service): boolean => transitioning === 'no' && state !== 'registering';
  return readUntil(() => project.services.read(id), isStill);
}

/** PUT scale, again after a 409: a real Rancher answers it to 0.5-3 % of strictly sequential ones (recording h_timing). */
export async function putScale(project: Rancher, id: string, scale: number): Promise<Service> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await project.services.update(id, { scale });
    } catch (error) {
      if (attempt === 10 || !hasCode(error, 'RANCHER_CONFLICT')) throw error;
    }
  }
}

const objects = new WeakMap<RancherUnderTest, string[]>();

/** Makes an active genericObject that `removeObjects` takes away again. */
export async function createObject(subject: RancherUnderTest, fields: object = {}): Promise<GenericObject> {
  const { project } = subject;
  const name = unique();
  const body = { name, key: `k${name}`, kind: 'receiverHooksContract', resourceData: { driver: 'x' }, ...fields };
  const { id } = await project.genericObjects.create(body);
  objects.set(subject, [...(objects.get(subject) ?? []), id]);
  return readUntil(
    () => project.genericObjects.read(id),
    ({ state }) => state === 'active',
  );
}

/** Removes what `createObject` made: generic objects belong to no stack. */
export async function removeObjects(subject: RancherUnderTest): Promise<void> {
  for (const id of objects.get(subject) ?? []) await subject.project.genericObjects.remove(id);
}

/** Waits on the change stream: `ready` when it is in force, `change` with the first resource that `isMeant`. */
export function nextChange(
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
