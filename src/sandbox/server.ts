import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, ApiAnswer, ApiRequest } from './api.ts';
import { readBody } from './body.ts';
import type { Call, CallLog } from './call-log.ts';
import type { ChangeFeed } from './change-feed.ts';
import { errorBody, refused } from './errors.ts';
import type { Fault, FaultRules } from './faults.ts';
import { waitUntil } from './timeline.ts';

/** How long the sandbox takes to answer, in milliseconds; may be changed while it runs. */
export interface Latency {
  readMs: number;
  writeMs: number;
}

interface Parts {
  readonly api: Api;
  readonly feed: ChangeFeed;
  readonly faults: FaultRules;
  readonly calls: CallLog;
  readonly latency: Latency;
}

interface Exchange {
  readonly response: ServerResponse;
  readonly call: Call;
  readonly arrivedMs: number;
}

const mark = { 'X-Receiver-Hooks-Sandbox': '1' } as const;
const idleConnectionMs = 60_000;

/** The HTTP side: bodies, latency, faults, the call log and the websocket upgrade. */
export class SandboxServer {
  private readonly parts: Parts;
  private readonly server: Server;

  constructor(parts: Parts) {
    this.parts = parts;
    this.server = createServer({ keepAliveTimeout: idleConnectionMs }, (request, response) => {
      void this.serve(request, response);
    });
    this.server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      const call = parts.calls.record('GET', request.url ?? '/');
      call.status = parts.feed.accept(request, socket, head);
      parts.calls.ended();
    });
  }

  /** Listens and answers the port. @throws the listen error, EADDRINUSE for instance */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Stops listening and breaks every connection off. */
  async stop(): Promise<void> {
    this.parts.feed.drop();
    if (!this.server.listening) return;
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedMs = performance.now();
    const path = incoming.url ?? '/';
    const method = incoming.method ?? 'GET';
    const call = this.parts.calls.record(method, path);
    response.once('close', () => this.parts.calls.ended());
    try {
      await this.handle(incoming, { response, call, arrivedMs });
    } catch {
      // As Rancher does with what it did not foresee. A caller that broke off within its body gets nothing.
      if (!response.headersSent) send(response, call, made(500));
    }
  }

  private async handle(incoming: IncomingMessage, { response, call, arrivedMs }: Exchange): Promise<void> {
    const { method, path } = call;
    const request: ApiRequest = { method, path, headers: incoming.headers, body: await readBody(incoming) };
    const act = async (): Promise<ApiAnswer> => {
      const answer = await this.parts.api.answer(request, (access) => {
        const { readMs, writeMs } = this.parts.latency;
        return waitUntil(arrivedMs + (access === 'read' ? readMs : writeMs));
      });
      call.as = answer.as;
      return answer;
    };
    const fault = this.parts.faults.hit(method, path);
    if (fault === undefined) send(response, call, await act());
    else await this.fail(fault, { response, call, act });
  }

  private async fail(
    fault: Fault,
    {
      response,
      call,
      act,
    }: { readonly response: ServerResponse; readonly call: Call; readonly act: () => Promise<ApiAnswer> },
  ): Promise<void> {
    switch (fault.kind) {
      case 'hang':
        return;
      case 'conflict':
        send(response, call, made(409));
        return;
      case 'late':
        response.socket?.resetAndDestroy();
        await sleep(fault.afterMs, undefined, { ref: false });
        await act();
        return;
      case 'reset':
        if (fault.when === 'after-acting') await act();
        response.socket?.resetAndDestroy();
        return;
      case 'status':
        if (fault.when === 'after-acting') await act();
        send(response, call, made(fault.status, fault.retryAfterSeconds));
        return;
      case 'delay': {
        if (fault.when === 'before-acting') await sleep(fault.ms, undefined, { ref: false });
        const answer = await act();
        if (fault.when === 'after-acting') await sleep(fault.ms, undefined, { ref: false });
        send(response, call, answer);
      }
    }
  }
}

function made(status: number, retryAfterSeconds?: number): ApiAnswer {
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    },
    body: JSON.stringify(errorBody(refused(status))),
    as: 'none',
  };
}

function send(response: ServerResponse, call: Call, { status, headers, body }: ApiAnswer): void {
  // Whoever hung up meanwhile gets nothing; what he asked for has happened all the same.
  if (response.destroyed) return;
  call.status = status;
  response.writeHead(status, { ...headers, ...mark, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
