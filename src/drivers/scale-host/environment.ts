import { ServiceError } from '../../domain/errors.ts';
import type { CallOptions, HostCreator, Rancher } from '../../rancher/rancher.ts';
import type { Host } from '../../rancher/resources.ts';
import { isGone, leavingHostIds, namesOf, viewHost } from './host-view.ts';
import type { HostsSeen, HostView } from './host-view.ts';
import { markTwins } from './twins.ts';

/** Why nothing can be done about hosts. */
export function hostKeyMissing(): ServiceError {
  return new ServiceError(
    'HOST_KEY_MISSING',
    'making and removing hosts needs an environment API key, an agent key may not; set CATTLE_HOST_ACCESS_KEY and CATTLE_HOST_SECRET_KEY',
  );
}

/** @throws ServiceError HOST_KEY_MISSING when no key of ours may create hosts in this environment */
export async function requireHostCreator(rancher: Rancher, options: CallOptions): Promise<HostCreator> {
  const creator = await rancher.findHostCreator(options);
  if (creator === undefined) throw hostKeyMissing();
  return creator;
}

/**
 * Reads which hosts are being evacuated to be deleted, then all pages of the hosts: two lists, in this order. Read beside each
 * other, an evacuation that ends between them shows neither its event nor what it did: the host would be counted and chosen again.
 */
export async function seeHosts(creator: HostCreator, options: CallOptions): Promise<HostsSeen> {
  const events = await creator.collection('externalHostEvents').list({ state: 'creating' }, options);
  const hosts = await creator.hosts.list({}, options);
  const leaving = leavingHostIds(events);
  return {
    hosts: markTwins(hosts.map((host) => viewHost(host, leaving))),
    names: hosts.flatMap(namesOf),
    readAtMs: performance.now(),
  };
}

const none: ReadonlySet<string> = new Set();
// Above this one list is cheaper for Rancher than reading each (recording h_timing).
const mostSingleReads = 4;

/** Reads only the hosts with these ids; one that is gone or on its way out for good is not in the map. */
export async function seeHostsById(
  creator: Pick<HostCreator, 'hosts'>,
  ids: readonly string[],
  options: CallOptions,
): Promise<ReadonlyMap<string, HostView>> {
  const hosts =
    ids.length > mostSingleReads ? await creator.hosts.list({}, options) : await readEach(creator, ids, options);
  const wanted = new Set(ids);
  return new Map(
    hosts
      .filter(({ id }) => wanted.has(id))
      .map((host) => viewHost(host, none))
      .filter((view) => !isGone(view))
      .map((view) => [view.id, view]),
  );
}

async function readEach(
  creator: Pick<HostCreator, 'hosts'>,
  ids: readonly string[],
  options: CallOptions,
): Promise<readonly Host[]> {
  const hosts = await Promise.all(
    ids.map(async (id) => {
      try {
        return [await creator.hosts.read(id, options)];
      } catch (error) {
        if (error instanceof ServiceError && error.code === 'RANCHER_NOT_FOUND') return [];
        throw error;
      }
    }),
  );
  return hosts.flat();
}
