import { WebSocket, type RawData } from 'ws';
import type { ErrorCode } from '../domain/errors.ts';
import type { ChangeStream, ChangeWatcher } from './change-stream.ts';
import type { Observe } from './operations.ts';
import { isResource } from './pages.ts';
import type { Resource } from './resources.ts';

/** How patient the stream is; milliseconds. */
export interface ChangeStreamTimings {
  /** Silence after which the connection counts as dead. Rancher pings every five seconds. */
  readonly silenceLimitMs: number;
  readonly handshakeMs: number;
  /** First pause before connecting again; doubled each time, less up to half of it at random. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface ChangeStreamOptions {
  /** `http(s)://…/subscribe?eventNames=resource.change`; spoken as ws(s). */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly observe: Observe;
  readonly onClose?: () => void;
  readonly timings?: Partial<ChangeStreamTimings>;
}

const usualTimings: ChangeStreamTimings = {
  silenceLimitMs: 15_000,
  handshakeMs: 10_000,
  firstPauseMs: 250,
  longestPauseMs: 15_000,
};

/**
 * The change stream over Rancher's websocket. Messages look like `{name: 'resource.change', resourceType, resourceId,
 * data: {resource}}` and `{name: 'ping'}` (rancher/ui 1.6 `app/mixins/subscribe.js`; rancher/cattle
 * `NonBlockingSubscriptionHandler`, which subscribes first and pings at once when that is in force). So watchers are told
 * to resync on the first message: at `open` a change could still be missed.
 */
export class WebSocketChangeStream implements ChangeStream {
  private readonly options: ChangeStreamOptions;
  private readonly timings: ChangeStreamTimings;
  private readonly watchers = new Set<{ readonly watcher: ChangeWatcher }>();
  private socket: WebSocket | undefined;
  private pause: NodeJS.Timeout | undefined;
  private failures = 0;
  private lastHeardAt: number | undefined;
  private isClosed = false;

  constructor(options: ChangeStreamOptions) {
    this.options = options;
    this.timings = { ...usualTimings, ...options.timings };
  }

  watch(watcher: ChangeWatcher): () => void {
    const entry = { watcher };
    if (this.isClosed) return () => {};
    this.watchers.add(entry);
    if (this.lastHeardAt !== undefined) queueMicrotask(() => this.tellNewcomer(entry));
    if (this.socket === undefined && this.pause === undefined) this.connect();
    return () => {
      this.watchers.delete(entry);
      if (this.watchers.size === 0) this.disconnect();
    };
  }

  silentForMs(): number {
    return this.lastHeardAt === undefined ? Infinity : performance.now() - this.lastHeardAt;
  }

  /** Ends the stream for good; watchers hear nothing more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.watchers.clear();
    this.disconnect();
    this.options.onClose?.();
  }

  private connect(): void {
    const startedAt = performance.now();
    const socket = new WebSocket(this.options.url.replace(/^http/, 'ws'), {
      headers: { ...this.options.headers, 'X-API-No-Challenge': 'true' },
      handshakeTimeout: this.timings.handshakeMs,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: 64 * 1024 * 1024,
    });
    this.socket = socket;
    let attempt: 'ok' | ErrorCode = 'RANCHER_UNAVAILABLE';
    let isOpen = false;
    const report = (): void =>
      this.options.observe({ operation: 'subscribe', code: attempt, ms: performance.now() - startedAt });

    socket.on('open', () => {
      isOpen = true;
      attempt = 'ok';
      report();
      this.hearOut(socket);
    });
    socket.on('unexpected-response', (request, response) => {
      if (response.statusCode === 401 || response.statusCode === 403) attempt = 'RANCHER_UNAUTHORIZED';
      response.resume();
      request.destroy();
      socket.terminate();
    });
    // Without a listener an error would end the process; `close` follows and does what is needed.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket !== socket) return;
      if (!isOpen) report();
      this.connectLater();
    });
  }

  /** Listens to an open socket until it falls silent. */
  private hearOut(socket: WebSocket): void {
    const silence = setTimeout(() => socket.terminate(), this.timings.silenceLimitMs);
    const heard = (): void => {
      if (this.socket !== socket) return;
      silence.refresh();
      const isFirst = this.lastHeardAt === undefined;
      this.lastHeardAt = performance.now();
      this.failures = 0;
      if (isFirst) for (const { watcher } of this.watchers) watcher.onResync();
    };
    socket.on('ping', heard);
    socket.on('message', (message) => {
      heard();
      const resource = readChange(message);
      if (resource === undefined || this.socket !== socket) return;
      for (const { watcher } of this.watchers) watcher.onChange(resource);
    });
    socket.on('close', () => clearTimeout(silence));
  }

  private connectLater(): void {
    this.socket = undefined;
    this.lastHeardAt = undefined;
    const { firstPauseMs, longestPauseMs } = this.timings;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.failures, 20));
    this.failures += 1;
    // Without chance in it all replicas would knock in the same moment after Rancher's restart.
    this.pause = setTimeout(
      () => {
        this.pause = undefined;
        this.connect();
      },
      pauseMs * (0.5 + Math.random() / 2),
    );
  }

  private disconnect(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    const { socket } = this;
    this.socket = undefined;
    this.lastHeardAt = undefined;
    this.failures = 0;
    socket?.terminate();
  }

  private tellNewcomer(entry: { readonly watcher: ChangeWatcher }): void {
    if (this.watchers.has(entry) && this.lastHeardAt !== undefined) entry.watcher.onResync();
  }
}

/** The resource of a `resource.change`; undefined for pings, for what these credentials may not see and for anything else. */
function readChange(message: RawData): Resource | undefined {
  let event: unknown;
  try {
    event = Buffer.isBuffer(message) ? JSON.parse(message.toString('utf8')) : undefined;
  } catch {
    return undefined;
  }
  const { name, data: content } = (event ?? {}) as { name?: unknown; data?: { resource?: unknown } | null };
  if (name !== 'resource.change' || !isResource(content?.resource)) return undefined;
  return content.resource;
}
