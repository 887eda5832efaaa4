import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { hostOf, isSameAddress, mayDial } from '../domain/address-policy.ts';
import type { ForwardPostOptions } from '../drivers/forward-post.ts';
import type { Sealing } from '../receivers/sealing.ts';

// A Rancher server that moves is known by its new address after so long.
const resolvedForMs = 60_000;

/** What `forwardPost` needs of an installation that can reach containers. */
export function createForwarding(options: {
  readonly rancherUrl: string;
  readonly sealing: Sealing;
}): ForwardPostOptions {
  const { sealing } = options;
  const isRanchers = rancherAddresses(options.rancherUrl);
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

/** Whether an address is the Rancher server's. A name that cannot be resolved is none: then Rancher is away for us, too. */
function rancherAddresses(url: string): (address: string) => Promise<boolean> {
  const host = hostOf(new URL(url));
  let known: readonly string[] = [];
  let untilMs = 0;
  return async (address) => {
    if (performance.now() >= untilMs) {
      const found = await lookup(host, { all: true }).catch(() => []);
      if (found.length > 0) known = found.map((each) => each.address);
      untilMs = performance.now() + resolvedForMs;
    }
    return known.some((one) => isSameAddress(one, address));
  };
}
