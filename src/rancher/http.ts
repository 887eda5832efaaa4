import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import fetch, { FetchError, type Headers, type Response } from 'node-fetch';
import { ServiceError } from '../domain/errors.ts';
import { interruptionError, isWrite, refusalError, type Interruption } from './errors.ts';
import { HandOver } from './hand-over.ts';
import type { Observe, Operation } from './operations.ts';
import type { CallOptions } from './rancher.ts';

export interface HttpRequest {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly call?: CallOptions;
}

export interface HttpAnswer {
  readonly headers: Headers;
  /** The parsed JSON; undefined when the answer has no body. */
  readonly body: unknown;
}

export interface HttpClient {
  /** One call within the time-out. Resolves with a 2xx, throws ServiceError (or what `beforeSend` threw, or `after` rejected with) otherwise. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Interrupts what is under way and closes every socket; later calls are refused. */
  close(): void;
}

export interface HttpOptions {
  /** `http:` or `https:`. */
  readonly protocol: string;
  readonly timeoutMs: number;
  readonly maxSockets: number;
  readonly maxAnswerBytes: number;
  readonly observe: Observe;
}

/** Sockets idle for longer are dropped; a server's `Keep-Alive: timeout=n` that is shorter wins (Node does that part). */
const idleSocketMs = 4_000;

/** The HTTP side of the client: keep-alive sockets, one time-out for the whole call, a limit for answers, JSON. */
export function createHttpClient(options: HttpOptions): HttpClient {
  const Agent = options.protocol === 'https:' ? HttpsAgent : HttpAgent;
  const pool = new Agent({ keepAlive: true, maxSockets: options.maxSockets, timeout: idleSocketMs });
  const freshSockets = new Agent({ keepAlive: false });
  const underWay = new Set<(reason: 'closed') => void>();
  let isClosed = false;

  async function attempt(request: HttpRequest, agent: HttpAgent, stop: Stop): Promise<HttpAnswer> {
    const handOver = new HandOver(agent, request.call ?? {}, () => stop.interrupt('cancelled'));
    try {
      // Given a signal that is aborted already, node-fetch destroys the body with an error nobody listens to.
      stop.signal.throwIfAborted();
      const response = await fetch(request.url, {
        method: request.method,
        headers: {
          Accept: 'application/json',
          'User-Agent': 'receiver-hooks',
          'X-API-No-Challenge': 'true',
          ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...request.headers,
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        agent: handOver.agent(),
        signal: stop.signal,
        redirect: 'manual',
        compress: false,
        size: options.maxAnswerBytes,
      });
      return await readAnswer(request, response, options.timeoutMs);
    } catch (error) {
      handOver.drop();
      if (handOver.refusal !== undefined) throw handOver.refusal.error;
      if (error instanceof ServiceError) throw error;
      const interruption = interruptionOf(request, error, handOver, stop, options.timeoutMs);
      const isStaleSocket = interruption.reason === 'connection' && handOver.isOnReusedSocket;
      if (isStaleSocket && agent === pool && !isWrite(request.operation)) return attempt(request, freshSockets, stop);
      throw interruptionError(interruption);
    }
  }

  return {
    async send(request) {
      let startedAt = performance.now();
      // What it waits for is none of Rancher's time.
      request.call?.after?.then(
        () => (startedAt = performance.now()),
        () => undefined,
      );
      const stop = startClock(options.timeoutMs, request.call?.signal);
      underWay.add(stop.interrupt);
      if (isClosed) stop.interrupt('closed');
      let code: Parameters<Observe>[0]['code'] = 'ok';
      try {
        return await attempt(request, pool, stop);
      } catch (error) {
        code = error instanceof ServiceError ? error.code : 'INTERNAL';
        throw error;
      } finally {
        stop.clear();
        underWay.delete(stop.interrupt);
        options.observe({ operation: request.operation, code, ms: performance.now() - startedAt });
      }
    },
    close() {
      isClosed = true;
      for (const interrupt of underWay) interrupt('closed');
      pool.destroy();
      freshSockets.destroy();
    },
  };
}

type StopReason = 'time-out' | 'cancelled' | 'closed';

interface Stop {
  readonly signal: AbortSignal;
  readonly reason: () => StopReason | undefined;
  readonly interrupt: (reason: StopReason) => void;
  readonly clear: () => void;
}

function startClock(timeoutMs: number, caller: AbortSignal | undefined): Stop {
  const controller = new AbortController();
  let reason: StopReason | undefined;
  const interrupt = (why: StopReason): void => {
    reason ??= why;
    controller.abort();
  };
  const onCancel = (): void => interrupt('cancelled');
  const timer = setTimeout(interrupt, timeoutMs, 'time-out');
  caller?.addEventListener('abort', onCancel);
  if (caller?.aborted === true) onCancel();
  return {
    signal: controller.signal,
    reason: () => reason,
    interrupt,
    clear() {
      clearTimeout(timer);
      // A caller's signal may live as long as the process: a listener left behind for each call would fill it up.
      caller?.removeEventListener('abort', onCancel);
    },
  };
}

async function readAnswer(request: HttpRequest, response: Response, timeoutMs: number): Promise<HttpAnswer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const body = parseJson(bytes);
  if (!response.ok) {
    throw refusalError({
      operation: request.operation,
      status: response.status,
      body: body === notJson ? undefined : body,
      retryAfter: response.headers.get('retry-after'),
    });
  }
  if (body === notJson) {
    const { operation } = request;
    throw interruptionError({ operation, reason: 'answer not JSON', isHandedOver: true, timeoutMs });
  }
  return { headers: response.headers, body };
}

const notJson = Symbol('not JSON');

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    // The parser's message quotes the text, which may hold a secret.
    return notJson;
  }
}

function interruptionOf(
  request: HttpRequest,
  error: unknown,
  handOver: HandOver,
  stop: Stop,
  timeoutMs: number,
): Interruption {
  const { operation } = request;
  const { isHandedOver } = handOver;
  const stopped = stop.reason();
  if (stopped !== undefined) return { operation, reason: stopped, isHandedOver, timeoutMs };
  if (error instanceof FetchError && error.type === 'max-size') {
    return { operation, reason: 'answer too large', isHandedOver, timeoutMs };
  }
  const socketCode = codeOf(error);
  return {
    operation,
    reason: 'connection',
    isHandedOver,
    timeoutMs,
    ...(socketCode === undefined ? {} : { socketCode }),
  };
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined;
}
