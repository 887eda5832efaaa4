import { networkInterfaces } from 'node:os';
import { resolveAll } from '../callbacks/post-result.ts';
import { hostOf, isSameAddress, mayDial } from '../domain/address-policy.ts';
import { ServiceError } from '../domain/errors.ts';
import type { ForwardPostOptions } from '../drivers/forward-post.ts';
import type { Sealing } from '../receivers/sealing.ts';

// A Rancher server that moves is known by its new address after so long.
const resolvedForMs = 60_000;

/** What `forwardPost` needs of an installation that can reach containers. */
export function createForwarding(options: {
  readonly rancherUrl: string;
  readonly sealing: Sealing;
  /** Every address of a host; the system's resolver unless a test gives another. */
  readonly resolve?: Resolve;
}): ForwardPostOptions {
  const { sealing, resolve = resolveAll } = options;
  const isRanchers = rancherAddresses(options.rancherUrl, resolve);
  const placeOf = (executionId: string) => ({ projectId: '', receiver: executionId, field: 'body' });
  return {
    sealing: {
      seal: (text, executionId) => sealing.seal(text, placeOf(executionId)),
      open: (sealed, executionId) => sealing.open(sealed, placeOf(executionId)),
    },
    // What Rancher calls the address of a container need not be one: Rancher's own services and this one are no members' target.
    mayDial: async (address) => mayDial(address, 'allowed') && !isOurs(address) && !(await isRanchers(address)),
  };
}

function isOurs(address: string): boolean {
  return Object.values(networkInterfaces()).some((interfaces) =>
    interfaces?.some((own) => isSameAddress(own.address, address)),
  );
}

type Resolve = (host: string) => Promise<readonly string[]>;

/** Whether an address is the Rancher server's, as the resolver last said. Throws RANCHER_UNAVAILABLE until it has said something. */
function rancherAddresses(url: string, resolve: Resolve): (address: string) => Promise<boolean> {
  const host = hostOf(new URL(url));
  let known: readonly string[] = [];
  let untilMs = 0;
  return async (address) => {
    if (performance.now() >= untilMs) {
      const found = await resolve(host).catch(() => []);
      if (found.length > 0) known = found;
      if (known.length === 0) throw notTold();
      untilMs = performance.now() + resolvedForMs;
    }
    return known.some((one) => isSameAddress(one, address));
  };
}

function notTold(): ServiceError {
  return new ServiceError(
    'RANCHER_UNAVAILABLE',
    'it cannot be told whether the container has the address of Rancher, whose name was not resolved; check CATTLE_URL and the name server',
    { applied: 'no' },
  );
}
