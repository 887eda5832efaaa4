import { hasCode, ServiceError } from '../../domain/errors.ts';
import type { CallOptions, Rancher } from '../../rancher/rancher.ts';
import type { Resource, Service } from '../../rancher/resources.ts';

/** Where a service can be reached just now. */
export type Whereabouts =
  | { readonly kind: 'running'; readonly addresses: readonly string[] }
  /** There, but without a container that runs: it may come. */
  | { readonly kind: 'not-running'; readonly reason: string }
  | { readonly kind: 'absent'; readonly error: ServiceError };

// So many addresses are enough to try, and so many containers are looked at to find them.
const enoughAddresses = 3;
const mostLookedAt = 20;
const goneStates = new Set(['removing', 'removed', 'purging', 'purged']);
const primary = 'io.rancher.service.primary.launch.config';

/** Finds the running containers of a service by `name` or `stack/name`, in the client's own environment only. */
export async function findInstances(serviceName: string, rancher: Rancher, options: CallOptions): Promise<Whereabouts> {
  const found = await findService(serviceName, rancher, options);
  if (found instanceof ServiceError) return { kind: 'absent', error: found };
  const addresses: string[] = [];
  for (const id of (found.instanceIds ?? []).slice(0, mostLookedAt)) {
    const address = await readAddress(id, rancher, options);
    if (address !== undefined) addresses.push(address);
    if (addresses.length === enoughAddresses) break;
  }
  if (addresses.length > 0) return { kind: 'running', addresses };
  return { kind: 'not-running', reason: `service ${serviceName} has no running container with an address of its own` };
}

async function findService(name: string, rancher: Rancher, options: CallOptions): Promise<Service | ServiceError> {
  const [service = '', stack] = name.split('/').toReversed();
  const stackIds =
    stack === undefined
      ? undefined
      : new Set((await rancher.collection('stacks').list({ name: stack }, options)).map(({ id }) => id));
  const services = (await rancher.services.list({ name: service }, options)).filter(
    ({ name: given, state, stackId }) =>
      given === service && !goneStates.has(state ?? '') && (stackIds === undefined || stackIds.has(stackId ?? '')),
  );
  const [first] = services;
  if (first === undefined) {
    return new ServiceError('TARGET_NOT_FOUND', `no service ${name} in this environment; correct serviceName`);
  }
  if (services.length === 1) return first;
  const count = String(services.length);
  return new ServiceError('TARGET_UNSUPPORTED', `${count} services are named ${name}; write stack/service`);
}

/** The address of a container that runs and is not known to be ill; sidekicks are somebody else's port. */
async function readAddress(id: string, rancher: Rancher, options: CallOptions): Promise<string | undefined> {
  const instance = await readInstance(id, rancher, options);
  const labels = (instance?.['labels'] ?? {}) as Readonly<Record<string, unknown>>;
  const launchConfig = labels['io.rancher.service.launch.config'] ?? primary;
  if (instance?.state !== 'running' || instance['healthState'] === 'unhealthy' || launchConfig !== primary)
    return undefined;
  const address = instance['primaryIpAddress'];
  return typeof address === 'string' && address !== '' ? address : undefined;
}

async function readInstance(id: string, rancher: Rancher, options: CallOptions): Promise<Resource | undefined> {
  try {
    return await rancher.collection('instances').read(id, options);
  } catch (error) {
    if (hasCode(error, 'RANCHER_NOT_FOUND')) return undefined;
    throw error;
  }
}
