import type { AnyDriver } from '../../../src/drivers/driver.ts';
import { createForwardPost } from '../../../src/drivers/forward-post.ts';
import type { BodySealing } from '../../../src/drivers/forward-post/kept-body.ts';
import { createSealing } from '../../../src/receivers/sealing.ts';

/** Seals kept bodies with `key`. */
export function sealingWith(key: Buffer): BodySealing {
  const sealing = createSealing(key);
  const place = (executionId: string) => ({ projectId: '', receiver: executionId, field: 'body' });
  return {
    seal: (text, executionId) => sealing.seal(text, place(executionId)),
    open: (sealed, executionId) => sealing.open(sealed, place(executionId)),
  };
}

/** A list of drivers with forwardPost alone, which may call `allowed` addresses: all when not given. */
export function forwarder(
  sealing: BodySealing,
  allowed: (address: string) => boolean = () => true,
): ReadonlyMap<string, AnyDriver> {
  return new Map<string, AnyDriver>([
    ['forwardPost', createForwardPost({ sealing, mayDial: async (address) => allowed(address) })],
  ]);
}
