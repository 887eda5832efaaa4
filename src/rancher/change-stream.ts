import type { Resource } from './resources.ts';

/** What one watcher of a project's change stream is told. Neither may throw: the other watchers would not hear it. */
export interface ChangeWatcher {
  /** A resource as it is now, whole; Rancher sends each about once a second while it changes. */
  onChange(resource: Resource): void;
  /** The stream is new or came back: whatever was missed in between must be read again. */
  onResync(): void;
}

/**
 * Rancher's `subscribe` websocket for `resource.change`, kept open: reconnects with backoff and tells watchers to resync.
 * Good for caches and for "settled"; too late (about a second) to decide a scale by.
 */
export interface ChangeStream {
  /** Starts watching (the first watcher opens the connection); the returned function stops. */
  watch(watcher: ChangeWatcher): () => void;
  /** Milliseconds since anything, pings included, was heard; Infinity while not connected. */
  silentForMs(): number;
}
