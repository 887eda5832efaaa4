import type { CallOptions } from '../rancher/rancher.ts';

/** Too little of a lease was left to begin a write; nothing was sent. */
export class LeaseTooShort extends Error {
  override readonly name = 'LeaseTooShort';
}

/** A prepared write whose change was not committed, or not soon enough; nothing was sent. */
export class NotCommitted extends Error {
  override readonly name = 'NotCommitted';
}

/**
 * Options for a write that may only begin before `untilMs` of the monotonic clock (design §5.4). A process that was stopped
 * between its last commit and this moment may have lost its lease, and somebody else may be writing.
 * Prepared before its change is `committed`, it leaves only then.
 */
export function writeWithin(untilMs: number, sending: () => void, committed?: Promise<unknown>): CallOptions {
  return {
    ...(committed === undefined ? {} : { after: committed }),
    beforeSend() {
      sending();
      if (performance.now() > untilMs) throw new LeaseTooShort();
    },
  };
}
