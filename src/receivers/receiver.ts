import type { Credentials } from '../rancher/rancher.ts';
import type { HeldCallback } from './callback.ts';
import type { Provenance } from './custody.ts';
import type { AllowedSources } from './allowed-sources.ts';
import type { HeldSignature, RateLimit } from './demands.ts';

/** A stored hook, validated. Its key is not part of it, so that nothing that passes a receiver around can leak it. */
export interface Receiver {
  /** Stable for the life of the receiver, also when its key is rotated or its name changed. */
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly driver: string;
  /** What the driver's `Config` parsed. */
  readonly config: unknown;
  readonly state: 'active' | 'paused';
  /** A format's id, or `auto`. */
  readonly format: string;
  readonly formatSettings: unknown;
  /** Seconds for which the same event counts once (a format's dedupe key). */
  readonly repeatAfterSeconds: number;
  /** ISO 8601, Rancher's. */
  readonly created: string;
  /** Its own random name for its secrets; outlives a change of object. Absent for receivers that we never wrote. */
  readonly uid?: string;
  readonly provenance: Provenance;
  readonly signature?: HeldSignature;
  readonly allowedSources?: AllowedSources;
  readonly rateLimit?: RateLimit;
  readonly callback?: HeldCallback;
}

/** What the trigger path needs of the receivers. */
export interface ReceiverLookup {
  /**
   * The receiver a key belongs to, from the watched cache or by one look-up; undefined for unknown, revoked and wrong keys alike.
   * @throws ServiceError PROJECT_NOT_FOUND when our credentials do not reach the project, RANCHER_UNAVAILABLE when it cannot be told.
   */
  findByKey(projectId: string, key: string): Promise<Receiver | undefined>;
  /**
   * The receiver of an old JWT hook (`?token=`): signature checked, its `uuid` must still exist as a receiver's key, config taken from the token.
   * @throws ServiceError TRIGGER_INVALID when the token is malformed, wrongly signed or no public key is configured.
   */
  findByToken(token: string): Promise<Receiver | undefined>;
  /** Whether the receiver is still there and not paused: a queued execution asks again before it is decided. */
  isLive(projectId: string, receiverId: string): Promise<boolean>;
}

/** Who asks to manage receivers, as the HTTP edge understood him. */
export type Caller =
  /** On our own port: Rancher decides by the caller's own credentials. */
  | { readonly kind: 'rancher-credentials'; readonly credentials: Credentials | undefined }
  /** Behind Rancher's proxy: it has authenticated the caller and says who he is. */
  | { readonly kind: 'rancher-proxy'; readonly roles: readonly string[]; readonly projectId: string | undefined };
