import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ServerOptions {
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
  /** How long answers under way may take once the server is closing. */
  readonly graceMs?: number;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting, ends idle connections, lets answers under way finish for `graceMs`. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts listening; rejects with the system's error when the port cannot be had. */
export async function startServer(app: RequestListener, options: ServerOptions): Promise<RunningServer> {
  let isClosing = false;
  const exchanges: Exchanges = new WeakMap();
  const server = createServer(
    {
      // Longer than a request may wait for its answer (25 s) and its body (5 s); shorter than Rancher's patience.
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      // Both are only looked at this often; Node's half minute would let slow callers hold four times as many connections.
      connectionsCheckingInterval: 2_000,
      // Above the 60 s of common load balancers, so that it is never we who close a connection they are about to use.
      keepAliveTimeout: 75_000,
      maxHeaderSize: 16 * 1024,
      // One clear answer instead of a dropped connection; see `refuse`.
      requireHostHeader: false,
    },
    (request, response) => {
      if (isClosing) response.setHeader('Connection', 'close');
      response.once('finish', () => {
        if (isClosing) setImmediate(() => server.closeIdleConnections());
      });
      const exchange = { request, response };
      const open = exchanges.get(request.socket) ?? new Set();
      exchanges.set(request.socket, open.add(exchange));
      response.once('close', () => open.delete(exchange));
      app(request, response);
    },
  );
  // A sender may close its side after the request; without this it would get no answer to what was done, and repeat it.
  Object.assign(server, { httpAllowHalfOpen: true });
  const broken = new WeakSet<Socket>();
  server.on('clientError', (error, socket: Socket) => {
    if (!broken.has(socket)) refuse(error, socket, exchanges);
    broken.add(socket);
  });
  server.on('connect', (_request, socket: Socket) => {
    endWith(socket, 405, 'METHOD_NOT_ALLOWED', 'CONNECT is not possible here');
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    response.writeHead(417, { 'Content-Type': 'application/json; charset=utf-8' });
    response.end(rawError(417, 'REQUEST_INVALID', 'only Expect: 100-continue is understood'));
  });
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    host: address,
    port,
    close() {
      isClosing = true;
      closed ??= closeGracefully(server, options.graceMs ?? 10_000);
      return closed;
    },
  };
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closeGracefully(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** The requests of each connection that are not answered yet. */
type Exchanges = WeakMap<Socket, Set<{ readonly request: IncomingMessage; readonly response: ServerResponse }>>;

/** What is not HTTP never becomes a request; its sender gets an answer all the same. */
function refuse(error: NodeJS.ErrnoException, socket: Socket, exchanges: Exchanges): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const whole = [...(exchanges.get(socket) ?? [])].findLast(({ request }) => request.complete);
  if (whole !== undefined) {
    // What came before it may be done by now: told that it was no request its sender would repeat it.
    whole.response.once('finish', () => endSoon(socket, ''));
    return;
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    endWith(socket, 431, 'REQUEST_INVALID', 'the headers and the URL together are larger than 16 KiB');
  } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    endWith(socket, 408, 'PAYLOAD_INCOMPLETE', 'the request did not arrive in time');
  } else {
    endWith(socket, 400, 'REQUEST_INVALID', 'this is not a valid HTTP request');
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function endWith(socket: Socket, status: number, code: string, message: string): void {
  const body = rawError(status, code, message);
  const head = [
    `HTTP/1.1 ${String(status)} ${reasons[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    'Connection: close',
  ];
  endSoon(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Node looks after no connection that it gave away or refused: one whose other side is never closed would stay for ever. */
function endSoon(socket: Socket, text: string): void {
  socket.end(text);
  setTimeout(() => socket.destroy(), 1_000).unref();
}

function rawError(status: number, code: string, message: string): string {
  return JSON.stringify({
    type: 'error',
    baseType: 'error',
    status,
    statusCode: status,
    code,
    message,
    detail: null,
    links: {},
    actions: {},
  });
}
