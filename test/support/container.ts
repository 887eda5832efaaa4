import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A container's port on loopback: what it was called with, and what it answers. */
export interface Container {
  readonly port: string;
  readonly received: Received[];
  answer: { status: number; headers?: Record<string, string> };
  close(): Promise<void>;
}

/** Answers 204 until told otherwise. */
export async function startContainer(port = 0): Promise<Container> {
  const received: Received[] = [];
  const container = { answer: { status: 204 } as Container['answer'] };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      const { status, headers } = container.answer;
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(container, {
    port: String((server.address() as AddressInfo).port),
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
