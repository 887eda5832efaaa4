import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { answerJson, listen, listenTcp } from './support/loopback.ts';
import { client, closeAll, failureOf, get, put, track } from './support/http-calls.ts';

afterEach(closeAll);

describe('rancher/hand-over', () => {
  it('sends nothing that beforeSend forbids, and passes its error on', async () => {
    let requests = 0;
    const server = track(
      await listen((_, response) => {
        requests += 1;
        answerJson(response, 200, {});
      }),
    );
    const http = client();
    const forbidden = new Error('the lease has run out');
    const forbid = (): never => {
      throw forbidden;
    };

    const onFreshSocket = await failureOf(http.send(put(server.url, { beforeSend: forbid })));
    await http.send(get(server.url));
    const onKeptSocket = await failureOf(http.send(put(server.url, { beforeSend: forbid })));
    await http.send(get(server.url));

    expect([onFreshSocket, onKeptSocket]).toEqual([forbidden, forbidden]);
    expect(requests).toBe(2);
  });

  describe('a write that is prepared beforehand', () => {
    const countingServer = async (methods: string[]) =>
      track(
        await listen((request, response) => {
          methods.push(request.method ?? '');
          answerJson(response, 200, {});
        }),
      );

    it('leaves once what it waits for is fulfilled, and is timed from then on', async () => {
      const methods: string[] = [];
      const server = await countingServer(methods);
      const timed: number[] = [];
      const http = client({ observe: ({ operation, ms }) => void (operation === 'update service' && timed.push(ms)) });
      const committed = Promise.withResolvers<void>();

      const begunMs = performance.now();
      const writing = http.send(put(server.url, { after: committed.promise }));
      for (let reads = 0; reads < 20; reads += 1) await http.send(get(server.url));
      expect(methods).not.toContain('PUT');
      const waitedMs = performance.now() - begunMs;
      committed.resolve();
      await writing;

      expect(methods.at(-1)).toBe('PUT');
      expect(timed[0]).toBeLessThanOrEqual(performance.now() - begunMs - waitedMs);
    });

    it('is never sent when that fails, and ends with the reason', async () => {
      const methods: string[] = [];
      const server = await countingServer(methods);
      const http = client();
      const reason = new Error('not committed');

      expect(await failureOf(http.send(put(server.url, { after: Promise.reject(reason) })))).toBe(reason);
      const committed = Promise.withResolvers<void>();
      const writing = failureOf(http.send(put(server.url, { after: committed.promise })));
      await http.send(get(server.url));
      committed.reject(reason);
      expect(await writing).toBe(reason);
      await http.send(put(server.url));

      expect(methods).toEqual(['GET', 'PUT']);
    });
  });

  describe('kept sockets', () => {
    it('are not used for a write once the server has closed them', async () => {
      const server = track(await listen((_, response) => answerJson(response, 200, {})));
      const http = client();
      await http.send(get(server.url));
      const [kept] = server.accepted;
      const closed = once(kept as Socket, 'close');
      server.server.closeIdleConnections();
      await closed;

      await http.send(put(server.url));

      expect(server.accepted).toHaveLength(2);
    });

    it('are replaced once for a read that the server cut off', async () => {
      let requests = 0;
      const server = track(
        await listen((request, response) => {
          requests += 1;
          if (requests === 2) request.socket.resetAndDestroy();
          else answerJson(response, 200, { requests });
        }),
      );
      const http = client();
      await http.send(get(server.url));

      const answer = await http.send(get(server.url));

      expect(answer.body).toEqual({ requests: 3 });
    });

    it('are given up when the server says that it will close them', async () => {
      const server = track(await listen((_, response) => answerJson(response, 200, {}, { 'keep-alive': 'timeout=1' })));
      const http = client();

      await http.send(get(server.url));
      await http.send(get(server.url));

      expect(server.accepted).toHaveLength(2);
    });
  });

  it('calls beforeSend before the server sees a byte, once the connection stands', async () => {
    const order: string[] = [];
    const server = track(
      await listen((_, response) => {
        order.push('arrived');
        answerJson(response, 200, {});
      }),
    );
    const http = client();
    const beforeSend = (): void => void order.push('before');

    await http.send(put(server.url, { beforeSend }));
    await http.send(put(server.url, { beforeSend }));

    expect(order).toEqual(['before', 'arrived', 'before', 'arrived']);
  });

  it('takes a write as not sent while the TLS handshake is not over', async () => {
    let beforeSends = 0;
    const server = track(await listenTcp((socket) => socket.once('data', () => socket.end('no TLS here'))));
    const request = put(server.url.replace('http:', 'https:'), { beforeSend: () => void (beforeSends += 1) });

    const error = await failureOf(client({ protocol: 'https:' }).send(request));

    expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied: 'no' } });
    expect(beforeSends).toBe(0);
  });
});
