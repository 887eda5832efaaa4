import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

/** The part of Node's agent that a request calls to get its socket; not in the published types. */
interface RequestQueue {
  addRequest(request: ClientRequest, options: object): void;
}

/**
 * Watches one request on its way from the agent to a socket, so that "never sent" and "in doubt" can be told apart:
 * Node reports a refused connection and a reset after writing through the same event.
 */
export class HandOver {
  private readonly pool: Agent;
  private readonly beforeSend: (() => void) | undefined;
  private request: ClientRequest | undefined;
  private handedOver = false;
  private reused = false;
  private thrown: { readonly error: unknown } | undefined;

  constructor(pool: Agent, beforeSend: (() => void) | undefined) {
    this.pool = pool;
    this.beforeSend = beforeSend;
  }

  /** Whether the request was given to a connected socket. */
  get isHandedOver(): boolean {
    return this.handedOver;
  }

  /** Whether that socket had served another request before: the server may have closed it in the same moment. */
  get isOnReusedSocket(): boolean {
    return this.reused;
  }

  /** What `beforeSend` threw; then nothing was sent. */
  get refusal(): { readonly error: unknown } | undefined {
    return this.thrown;
  }

  /** An agent for this one request, in front of the pool. */
  agent(): Agent {
    const addRequest = (request: ClientRequest, options: object): void => {
      this.request = request;
      request.once('socket', (socket) => this.onSocket(request, socket));
      if (request.method === 'GET') this.enqueue(request, options);
      // node-fetch writes the body some ticks later. Asking for the socket only then lets headers and body leave in one
      // piece right after `beforeSend`; the second turn lets Node notice sockets that the server closed meanwhile.
      else setImmediate(() => setImmediate(() => this.enqueue(request, options)));
    };
    const { defaultPort, protocol } = this.pool as unknown as { defaultPort: number; protocol: string };
    const agent = { addRequest, defaultPort, protocol, keepAlive: true, maxSockets: this.pool.maxSockets };
    return agent as unknown as Agent;
  }

  /** Destroys the socket unless the answer was read to its end: late bytes must neither arrive there nor come from there. */
  drop(): void {
    this.request?.destroy();
  }

  private enqueue(request: ClientRequest, options: object): void {
    if (request.destroyed) return;
    for (const sockets of Object.values(this.pool.freeSockets)) {
      // Half-closed by the server but not yet closed here: the pool would still hand it out.
      for (const socket of sockets ?? []) if (socket.readableEnded || !socket.writable) socket.destroy();
    }
    (this.pool as unknown as RequestQueue).addRequest(request, options);
  }

  private onSocket(request: ClientRequest, socket: Socket): void {
    if (request.destroyed) return;
    this.reused = !socket.connecting;
    // Registered before Node's own listener that writes what was queued, so it runs right before the bytes leave.
    if (socket.connecting) socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => this.pass(request));
    else this.pass(request);
  }

  private pass(request: ClientRequest): void {
    if (request.destroyed) return;
    try {
      this.beforeSend?.();
    } catch (error) {
      this.thrown = { error };
      request.destroy(new Error('refused before sending'));
      return;
    }
    this.handedOver = true;
  }
}
