import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  WebSocketChangeStream,
  type ChangeStreamOptions,
  type ChangeStreamTimings,
} from '../../src/rancher/web-socket-change-stream.ts';

const ping = JSON.stringify({ name: 'ping' });
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0).toReversed()) await closable.close();
});

/** What happened, in order, and a way to wait until something did. */
function createLog(): { entries: string[]; add(entry: string): void; until(count: number): Promise<string[]> } {
  const entries: string[] = [];
  const waiting = new Set<() => void>();
  return {
    entries,
    add(entry) {
      entries.push(entry);
      for (const check of waiting) check();
    },
    until: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (entries.length >= count) resolve(entries);
        };
        waiting.add(check);
        check();
      }),
  };
}

async function subscribeServer(
  onConnection: (socket: WebSocket, request: IncomingMessage) => void,
  verifyClient: () => boolean = () => true,
): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient });
  server.on('connection', onConnection);
  await once(server, 'listening');
  open.push({
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/subscribe`, server };
}

function createStream(
  url: string,
  timings: Partial<ChangeStreamTimings> = {},
  options: Partial<ChangeStreamOptions> = {},
): WebSocketChangeStream {
  const fast = { firstPauseMs: 5, longestPauseMs: 20, ...timings };
  const stream = new WebSocketChangeStream({ url, headers: {}, observe: () => {}, timings: fast, ...options });
  open.push(stream);
  return stream;
}

function change(id: string, type = 'service'): string {
  return JSON.stringify({
    name: 'resource.change',
    resourceType: type,
    resourceId: id,
    data: { resource: { id, type } },
  });
}

describe('rancher/web-socket-change-stream', () => {
  it('tells watchers to resync on the first message, then hands them whole resources', async () => {
    const { url } = await subscribeServer((socket) => {
      socket.send(ping);
      socket.send(change('1s5'));
      socket.send('not JSON');
      socket.send(JSON.stringify({ name: 'resource.change', resourceType: 'secret', data: null }));
      socket.send(JSON.stringify({ name: 'service.kubernetes.change', data: { resource: { id: '1s9', type: 'x' } } }));
      socket.send(change('1go7', 'genericObject'));
    });
    const log = createLog();

    createStream(url).watch({ onChange: ({ id }) => log.add(id), onResync: () => log.add('resync') });

    expect(await log.until(3)).toEqual(['resync', '1s5', '1go7']);
  });

  it('sends the credentials as headers, not in the address', async () => {
    const log = createLog();
    const { url } = await subscribeServer((socket, request) => {
      log.add(`${String(request.headers.authorization)} ${request.url ?? ''}`);
      socket.send(ping);
    });

    createStream(url, {}, { headers: { Authorization: 'Basic abc' } }).watch({
      onChange: () => {},
      onResync: () => {},
    });

    expect(await log.until(1)).toEqual(['Basic abc /subscribe']);
  });

  it('knows how long nothing was heard, and nothing at all while not connected', async () => {
    const { url } = await subscribeServer((socket) => socket.send(ping));
    const log = createLog();
    const stream = createStream(url);
    const before = stream.silentForMs();

    const stop = stream.watch({ onChange: () => {}, onResync: () => log.add('resync') });
    await log.until(1);
    const during = stream.silentForMs();
    stop();

    expect([before, stream.silentForMs()]).toEqual([Infinity, Infinity]);
    expect(during).toBeLessThan(5_000);
  });

  it('comes back after the connection was lost, and says so', async () => {
    const { url } = await subscribeServer((socket) => {
      socket.send(ping);
      socket.send(change('1s5'), () => socket.terminate());
    });
    const log = createLog();

    createStream(url).watch({ onChange: ({ id }) => log.add(id), onResync: () => log.add('resync') });

    expect((await log.until(4)).slice(0, 4)).toEqual(['resync', '1s5', 'resync', '1s5']);
  });

  it('comes back after Rancher fell silent', async () => {
    const { url } = await subscribeServer((socket) => socket.send(ping));
    const log = createLog();

    createStream(url, { silenceLimitMs: 50 }).watch({ onChange: () => {}, onResync: () => log.add('resync') });

    expect((await log.until(2)).slice(0, 2)).toEqual(['resync', 'resync']);
  });

  it('stays while Rancher only pings', async () => {
    const log = createLog();
    const { url } = await subscribeServer((socket) => {
      log.add('connected');
      let pings = 0;
      const timer = setInterval(() => {
        pings += 1;
        if (pings < 10) socket.send(ping);
        else {
          clearInterval(timer);
          socket.send(change('1s5'));
        }
      }, 20);
      socket.on('close', () => clearInterval(timer));
    });

    createStream(url, { silenceLimitMs: 150 }).watch({ onChange: ({ id }) => log.add(id), onResync: () => {} });

    expect(await log.until(2)).toEqual(['connected', '1s5']);
  });

  it('tries again when the server refuses, and reports why', async () => {
    let refusals = 0;
    const { url } = await subscribeServer(
      (socket) => socket.send(ping),
      () => {
        refusals += 1;
        return refusals > 2;
      },
    );
    const log = createLog();

    createStream(url, {}, { observe: ({ operation, code }) => log.add(`${operation} ${code}`) }).watch({
      onChange: () => {},
      onResync: () => log.add('resync'),
    });

    expect(await log.until(4)).toEqual([
      'subscribe RANCHER_UNAUTHORIZED',
      'subscribe RANCHER_UNAUTHORIZED',
      'subscribe ok',
      'resync',
    ]);
  });

  it('shares one connection, opened by the first watcher and closed by the last', async () => {
    const log = createLog();
    const { url, server } = await subscribeServer((socket) => {
      log.add('connected');
      socket.on('close', () => log.add('closed'));
      socket.send(ping);
    });
    const stream = createStream(url);
    const stopFirst = stream.watch({ onChange: () => {}, onResync: () => log.add('first') });
    await log.until(2);

    const stopSecond = stream.watch({ onChange: () => {}, onResync: () => log.add('second') });
    await log.until(3);
    stopFirst();
    const stillOpen = server.clients.size;
    stopSecond();

    expect(await log.until(4)).toEqual(['connected', 'first', 'second', 'closed']);
    expect(stillOpen).toBe(1);
  });

  it('connects again for a watcher that comes after the last one left', async () => {
    const { url } = await subscribeServer((socket) => socket.send(ping));
    const log = createLog();
    const stream = createStream(url);
    const stop = stream.watch({ onChange: () => {}, onResync: () => log.add('first') });
    await log.until(1);
    stop();

    stream.watch({ onChange: () => {}, onResync: () => log.add('second') });

    expect(await log.until(2)).toEqual(['first', 'second']);
  });

  it('tells nobody anything once closed', async () => {
    const log = createLog();
    const { url } = await subscribeServer((socket) => {
      socket.on('close', () => log.add('closed'));
      socket.send(ping);
    });
    const stream = createStream(url);
    stream.watch({ onChange: () => {}, onResync: () => log.add('resync') });
    await log.until(1);

    stream.close();
    stream.watch({ onChange: () => {}, onResync: () => log.add('after') });

    expect(await log.until(2)).toEqual(['resync', 'closed']);
    expect(stream.silentForMs()).toBe(Infinity);
  });
});
