import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy on loopback whose connections can be cut, to be put between a client and a server. */
export interface CuttableProxy {
  readonly url: string;
  /** Resets every connection that stands now; new ones are accepted. */
  cut(): void;
  /** Lets the next bytes of the client through, and resets its connection when the first byte of the answer comes. */
  swallowNextAnswer(): void;
  close(): Promise<void>;
}

/** Forwards to the host and port of an `http:` address. */
export async function startCuttableProxy(target: string): Promise<CuttableProxy> {
  const { hostname, port } = new URL(target);
  const clients = new Set<Socket>();
  let isSwallowing = false;
  const server = createServer((client) => {
    const upstream = connect(Number(port || 80), hostname);
    clients.add(client);
    client.on('close', () => {
      clients.delete(client);
      upstream.destroy();
    });
    client.on('error', () => {});
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (isSwallowing) {
        isSwallowing = false;
        client.resetAndDestroy();
      } else client.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    cut() {
      for (const client of clients) client.resetAndDestroy();
    },
    swallowNextAnswer() {
      isSwallowing = true;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}
