/** One incoming HTTP call to a receiver's URL, as bytes and headers. */
export interface Trigger {
  readonly method: string;
  /** Lower-case names; a repeated header is joined as Node joins it. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Media type without parameters, lower case; empty when the caller sent none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A container image as a registry names it. */
export interface PushedImage {
  /** Registry host, absent when the sender does not say (Docker Hub). */
  readonly registry?: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest?: string;
}

/** What a sender's body says, in our words. `reason` is shown to people and stored in the history: no secret, no body. */
export interface Signal {
  readonly says: 'fire' | 'ignore';
  readonly reason: string;
  /** The same event sent again carries the same key; absent when the sender gives nothing to tell by. */
  readonly dedupeKey?: string;
  readonly image?: PushedImage;
  /** `reverse`: what fired is over, and the receiver wants its step taken back: up becomes down and down up. */
  readonly direction?: 'as-configured' | 'reverse';
  /** How many containers or hosts the sender asks for: a whole number of at least 1. Counts where the receiver says so. */
  readonly amount?: number;
}
