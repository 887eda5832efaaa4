import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CallOptions } from './rancher.ts';

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
  private readonly call: Pick<CallOptions, 'beforeSend' | 'after'>;
  private readonly refused: () => void;
  private request: ClientRequest | undefined;
  private handedOver = false;
  private reused = false;
  private thrown: { readonly error: unknown } | undefined;

  /** `refused` is told when a request is not to be sent that has no socket yet: Node would never end it. */
  constructor(pool: Agent, call: Pick<CallOptions, 'beforeSend' | 'after'>, refused: () => void) {
    this.pool = pool;
    this.call = call;
    this.refused = refused;
  }

  /** Whether the request was given to a connected socket. */
  get isHandedOver(): boolean {
    return this.handedOver;
  }

  /** Whether that socket had served another request before: the server may have closed it in the same moment. */
  get isOnReusedSocket(): boolean {
    return this.reused;
  }

  /** What `beforeSend` threw, or `after` rejected with; then nothing was sent. */
  get refusal(): { readonly error: unknown } | undefined {
    return this.thrown;
  }

  /** An agent for this one request, in front of the pool. */
  agent(): Agent {
    const addRequest = (request: ClientRequest, options: object): void => {
      this.request = request;
      request.once('socket', (socket) => this.onSocket(request, socket));
      if (request.method === 'GET') this.enqueue(request, options);
      else void this.enqueueWrite(request, options);
    };
    const { defaultPort, protocol } = this.pool as unknown as { defaultPort: number; protocol: string };
    const agent = { addRequest, defaultPort, protocol, keepAlive: true, maxSockets: this.pool.maxSockets };
    return agent as unknown as Agent;
  }

  /** Destroys the socket unless the answer was read to its end: late bytes must neither arrive there nor come from there. */
  drop(): void {
    this.request?.destroy();
  }

  /**
   * node-fetch writes the body some ticks later. Asking for the socket only then lets headers and body leave in one piece right after
   * `beforeSend`; the last turn lets Node notice sockets that the server closed meanwhile.
   */
  private async enqueueWrite(request: ClientRequest, options: object): Promise<void> {
    await nextTurn();
    try {
      await this.call.after;
    } catch (error) {
      this.thrown = { error };
      this.refused();
      return;
    }
    await nextTurn();
    this.enqueue(request, options);
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
      this.call.beforeSend?.();
    } catch (error) {
      this.thrown = { error };
      request.destroy(new Error('refused before sending'));
      return;
    }
    this.handedOver = true;
  }
}
