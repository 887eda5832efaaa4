import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Accounts, Caller } from './accounts.ts';
import { ApiError } from './errors.ts';
import { readRoute } from './route.ts';
import type { Row } from './store.ts';
import type { Timeline } from './timeline.ts';
import { view } from './view.ts';
import type { Scope } from './view.ts';

interface Watcher {
  readonly socket: WebSocket;
  readonly caller: Caller;
  readonly scope: Scope;
  readonly eventNames: readonly string[];
}

/** Rancher sends what changed about once a second, and a ping at once and every five (rancher/cattle `NonBlockingSubscriptionHandler`). */
const recorded = { batch: 1_000, ping: 5_000 } as const;

/**
 * The change stream: `GET …/subscribe?eventNames=resource.change` as a websocket, whole resources in
 * `{name: 'resource.change', resourceId, resourceType, data: {resource}}`, the shape Rancher 1.6's own UI reads.
 */
export class ChangeFeed {
  private readonly timeline: Timeline;
  private readonly accounts: Accounts;
  private readonly server = new WebSocketServer({ noServer: true });
  private readonly watchers = new Set<Watcher>();
  private readonly pending = new Set<Row>();
  private isScheduled = false;

  constructor(timeline: Timeline, accounts: Accounts) {
    this.timeline = timeline;
    this.accounts = accounts;
  }

  changed(row: Row): void {
    if (this.watchers.size === 0) return;
    this.pending.add(row);
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.timeline.after(recorded.batch, () => this.flush());
  }

  /** Takes over an upgrade request; who may not subscribe gets Rancher's status and no websocket. Returns that status. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): number {
    const route = readRoute({
      path: request.url ?? '/',
      host: request.headers.host ?? 'localhost',
      projectHeader: undefined,
    });
    try {
      if (route === undefined || route.segments[0]?.toLowerCase() !== 'subscribe') return refuse(socket, 404);
      const caller = this.accounts.authenticate(request.headers, route.projectId);
      const eventNames = new URLSearchParams(route.query).getAll('eventNames');
      this.server.handleUpgrade(request, socket, head, (webSocket) => {
        this.watch({ socket: webSocket, caller, scope: { base: route.base, role: caller.role }, eventNames });
      });
      return 101;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return refuse(socket, error.status);
    }
  }

  /** Breaks every stream off, without a closing handshake. */
  drop(): void {
    for (const { socket } of this.watchers) socket.terminate();
    this.watchers.clear();
    this.pending.clear();
  }

  private watch(watcher: Watcher): void {
    const { socket } = watcher;
    const ping = (): void => socket.send(JSON.stringify(event('ping', {})));
    const stopPings = this.timeline.every(recorded.ping, ping);
    this.watchers.add(watcher);
    // Said once the subscription is in force: from here on no change is missed.
    ping();
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      stopPings();
      this.watchers.delete(watcher);
    });
  }

  private flush(): void {
    this.isScheduled = false;
    const rows = [...this.pending];
    this.pending.clear();
    for (const { socket, caller, scope, eventNames } of this.watchers) {
      if (!eventNames.some((name) => name.startsWith('resource.change'))) continue;
      for (const row of rows) {
        if (!caller.seesAll && row.accountId !== caller.accountId) continue;
        const resource = view(row, scope);
        socket.send(
          JSON.stringify(event('resource.change', { resourceId: row.id, resourceType: row.type, data: { resource } })),
        );
      }
    }
  }
}

function event(name: string, fields: object): object {
  return {
    id: randomUUID(),
    name,
    previousIds: null,
    publisher: null,
    resourceId: null,
    resourceType: null,
    time: Date.now(),
    data: null,
    ...fields,
  };
}

function refuse(socket: Duplex, status: number): number {
  socket.end(
    `HTTP/1.1 ${String(status)} Refused\r\nX-Receiver-Hooks-Sandbox: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
  return status;
}
