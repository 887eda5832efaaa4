import type { CallOptions } from '../rancher/rancher.ts';

/** Too little of a lease was left to begin a write; nothing was sent. */
export class LeaseTooShort extends Error {
  override readonly name = 'LeaseTooShort';
}

/**
 * Options for a write that may only begin before `untilMs` of the monotonic clock (design §5.4). A process that was stopped
 * between its last commit and this moment may have lost its lease, and somebody else may be writing.
 */
export function writeWithin(untilMs: number, sending: () => void): CallOptions {
  return {
    beforeSend() {
      sending();
      if (performance.now() > untilMs) throw new LeaseTooShort();
    },
  };
}
