import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy on loopback whose connections can be cut, to be put between a client and a server. */
export interface CuttableProxy {
  /** The address that it forwards to, by way of it. */
  readonly url: string;
  /** Resets every connection that stands now; new ones are accepted. */
  cut(): void;
  /** Lets the next bytes of the client through, and resets its connection when the first byte of the answer comes. */
  swallowNextAnswer(): void;
  /** Nothing passes any more on the connections that stand now, and none of the two sides is told: as if the machine at the other end were gone. */
  fallSilent(): void;
  /** The same for the connection that is used next, once its next bytes of the client have passed. */
  fallSilentAfterNextQuestion(): void;
  /** From now on every connection is reset at its next answer, and new ones as they come. */
  refuse(): void;
  close(): Promise<void>;
}

/** Forwards to the host and port of an address, of Rancher or of PostgreSQL. */
export async function startCuttableProxy(target: string): Promise<CuttableProxy> {
  const { host, hostname, port } = new URL(target);
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  let isSwallowing = false;
  let isLastQuestion = false;
  let isRefusing = false;
  const server = createServer((client) => {
    if (isRefusing) return client.resetAndDestroy();
    const upstream = connect(Number(port || 80), hostname);
    clients.add(client);
    upstreams.add(upstream);
    client.on('close', () => {
      clients.delete(client);
      if (!silent.has(client)) upstream.destroy();
    });
    client.on('error', () => {});
    upstream.on('error', () => {});
    upstream.on('close', () => {
      upstreams.delete(upstream);
      if (!silent.has(client)) client.destroy();
    });
    client.on('data', (bytes) => {
      if (silent.has(client)) return;
      upstream.write(bytes);
      if (!isLastQuestion) return;
      isLastQuestion = false;
      silent.add(client);
    });
    client.on('end', () => {
      if (!silent.has(client)) upstream.end();
    });
    upstream.on('data', (bytes) => {
      if (silent.has(client)) return;
      if (isSwallowing || isRefusing) {
        isSwallowing = false;
        client.resetAndDestroy();
      } else client.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: target.replace(host, `127.0.0.1:${String((server.address() as AddressInfo).port)}`),
    cut() {
      for (const client of clients) client.resetAndDestroy();
    },
    swallowNextAnswer() {
      isSwallowing = true;
    },
    fallSilent() {
      for (const client of clients) silent.add(client);
    },
    fallSilentAfterNextQuestion() {
      isLastQuestion = true;
    },
    refuse() {
      isRefusing = true;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of [...clients, ...upstreams]) socket.destroy();
      await closed;
    },
  };
}
