import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';

export interface Loopback {
  readonly url: string;
  readonly server: Server;
  /** Sockets the server has accepted so far. */
  readonly accepted: Socket[];
  close(): Promise<void>;
}

/** An HTTP server on a free loopback port. */
export async function listen(answer: RequestListener): Promise<Loopback> {
  const server = createServer(answer);
  const accepted: Socket[] = [];
  server.on('connection', (socket) => accepted.push(socket));
  return { url: await start(server), server, accepted, close: () => stop(server, accepted) };
}

/** A TCP server on a free loopback port, for answers that no HTTP server would give. */
export async function listenTcp(onConnection: (socket: Socket) => void): Promise<Omit<Loopback, 'server'>> {
  const server = createTcpServer(onConnection);
  const accepted: Socket[] = [];
  server.on('connection', (socket) => {
    accepted.push(socket);
    socket.on('error', () => {});
  });
  return { url: await start(server), accepted, close: () => stop(server, accepted) };
}

/** Answers JSON in one piece, as Rancher does. */
export function answerJson(response: ServerResponse, status: number, body: unknown, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** The request's body as text. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Rancher's error body, as recorded (b_scale_negative, b_put_scale_removed, g_unknown_id_put). */
export function rancherError(status: number, code: string, fieldName?: string): object {
  const named = fieldName === undefined ? {} : { fieldName };
  const message = status === 422 ? null : code;
  return { id: 'e1', type: 'error', links: {}, actions: {}, status, code, message, detail: null, ...named };
}

async function start(server: TcpServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

async function stop(server: TcpServer, accepted: readonly Socket[]): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of accepted) socket.destroy();
  await closed;
}
