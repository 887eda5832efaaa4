import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { client, closeAll, failureOf, get, put, track } from './support/http-calls.ts';
import { answerJson, listen, listenTcp, rancherError, readText } from './support/loopback.ts';

afterEach(closeAll);

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

describe('rancher/http', () => {
  it('sends JSON over one connection that is kept', async () => {
    const bodies: string[] = [];
    const server = track(
      await listen((request, response) => {
        void readText(request).then((text) => {
          bodies.push(`${request.method ?? ''} ${String(request.headers.accept)} ${text}`);
          answerJson(response, 200, { id: '1s5' });
        });
      }),
    );
    const http = client();

    await http.send(get(server.url));
    const answer = await http.send(put(server.url));

    expect(answer.body).toEqual({ id: '1s5' });
    expect(bodies).toEqual(['GET application/json ', 'PUT application/json {"scale":3}']);
    expect(server.accepted).toHaveLength(1);
  });

  it('sends a body of several megabytes whole', async () => {
    const server = track(
      await listen((request, response) => {
        void readText(request).then((received) => answerJson(response, 200, { bytes: received.length }));
      }),
    );
    const text = 'x'.repeat(5_000_000);

    const answer = await client().send({ ...put(server.url), body: { text } });

    expect(answer.body).toEqual({ bytes: text.length + '{"text":""}'.length });
  });

  it('opens no more connections than allowed', async () => {
    const server = track(await listen((_, response) => answerJson(response, 200, {})));
    const http = client({ maxSockets: 2 });

    await Promise.all(Array.from({ length: 20 }, () => http.send(put(server.url))));

    expect(server.accepted).toHaveLength(2);
  });

  describe('a write that is proven not to have been applied', () => {
    it('is one whose connection was refused', async () => {
      const server = await listen(() => {});
      await server.close();

      const error = await failureOf(client().send(put(server.url)));

      expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied: 'no' } });
      expect(error.message).toContain('ECONNREFUSED');
    });

    it('is one whose host name is unknown', async () => {
      const error = await failureOf(client().send(put('http://nobody.invalid:8080')));

      expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied: 'no' } });
    });

    it('is one that waited for a connection until its time was over', async () => {
      const server = track(await listen(() => {}));
      // Long enough for the first to be sent on a busy machine.
      const http = client({ maxSockets: 1, timeoutMs: 1_500 });

      const [first, second] = await Promise.all([
        failureOf(http.send(put(server.url))),
        failureOf(http.send(put(server.url))),
      ]);

      expect([first.details.applied, second.details.applied]).toEqual(['unknown', 'no']);
    });

    it('is one cancelled before it began', async () => {
      const server = track(await listen((_, response) => answerJson(response, 200, {})));

      const error = await failureOf(client().send(put(server.url, { signal: AbortSignal.abort() })));

      expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied: 'no' } });
      expect(error.message).toContain('cancelled');
    });

    it('is one that Rancher answered 409', async () => {
      const server = track(await listen((_, response) => answerJson(response, 409, rancherError(409, 'Conflict'))));

      const error = await failureOf(client().send(put(server.url)));

      expect(error).toMatchObject({ code: 'RANCHER_CONFLICT', details: { applied: 'no', rancherStatus: 409 } });
    });

    it('is one answered by an HTML 404, which says nothing about the resource', async () => {
      const server = track(
        await listen((_, response) => {
          response.writeHead(404, { 'content-type': 'text/html' });
          response.end('<html>not here, s3cret</html>');
        }),
      );

      const error = await failureOf(client().send(put(server.url)));

      expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied: 'no' } });
      expect(error.message).not.toContain('s3cret');
    });
  });

  describe('a write in doubt', () => {
    it.each([
      ['the connection is reset before any answer', (socket: Socket) => socket.resetAndDestroy()],
      ['the connection is closed before any answer', (socket: Socket) => socket.end()],
      ['the server never answers', () => {}],
      ['the body never ends', (socket: Socket) => socket.write(`${head}Content-Length: 100\r\n\r\n{"id":`)],
      ['the body is cut', (socket: Socket) => socket.end(`${head}Content-Length: 100\r\n\r\n{"id":`)],
      [
        'the connection is reset within the body',
        (socket: Socket) =>
          socket.write(`${head}Content-Length: 100\r\n\r\n{"id":`, () => setImmediate(() => socket.resetAndDestroy())),
      ],
      [
        'the last chunk is missing',
        (socket: Socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n6\r\n{"id":\r\n`),
      ],
      ['the answer is no HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH\r\n')],
      ['the answer is no JSON', (socket: Socket) => socket.end(`${head}Content-Length: 4\r\n\r\nokay`)],
      ['a proxy answers 502', (socket: Socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')],
      [
        'the answer is too large',
        (socket: Socket) => socket.write(`${head}Content-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`),
      ],
    ])('is one where %s', async (_, answer) => {
      const server = track(await listenTcp((socket) => socket.once('data', () => answer(socket))));

      const error = await failureOf(client({ timeoutMs: 300 }).send(put(server.url)));

      expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied: 'unknown' } });
      expect(error.details).not.toHaveProperty('rancherStatus');
    });

    it('leaves no socket behind on which a late answer could arrive', async () => {
      const closed = Promise.withResolvers<void>();
      const server = track(
        await listenTcp((socket) => {
          socket.resume();
          socket.once('close', () => closed.resolve());
        }),
      );

      await failureOf(client({ timeoutMs: 100 }).send(put(server.url)));

      await expect(closed.promise).resolves.toBeUndefined();
    });

    it('is one cancelled after it was handed to the socket', async () => {
      const controller = new AbortController();
      const server = track(await listen(() => controller.abort()));

      const error = await failureOf(client().send(put(server.url, { signal: controller.signal })));

      expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied: 'unknown' } });
    });

    it('is one that Rancher itself answered 500, and that can be told', async () => {
      const body = rancherError(500, 'Internal Server Error');
      const server = track(await listen((_, response) => answerJson(response, 500, body)));

      const error = await failureOf(client().send(put(server.url)));

      expect(error).toMatchObject({
        code: 'RANCHER_UNAVAILABLE',
        details: { applied: 'unknown', rancherStatus: 500 },
      });
    });

    it('is never sent a second time', async () => {
      let requests = 0;
      const server = track(
        await listen((request, response) => {
          requests += 1;
          if (request.method === 'GET') answerJson(response, 200, {});
          else request.socket.resetAndDestroy();
        }),
      );
      const http = client();
      await http.send(get(server.url));

      await failureOf(http.send(put(server.url)));

      expect(requests).toBe(2);
    });
  });

  it('reports every call by operation and code', async () => {
    const calls: string[] = [];
    const server = track(
      await listen(({ method }, response) =>
        answerJson(response, method === 'GET' ? 200 : 409, rancherError(409, 'Conflict')),
      ),
    );
    const http = client({ observe: ({ operation, code, ms }) => calls.push(`${operation} ${code} ${String(ms > 0)}`) });

    await http.send(get(server.url));
    await failureOf(http.send(put(server.url)));

    expect(calls).toEqual(['read service ok true', 'update service RANCHER_CONFLICT true']);
  });

  it('leaves no listener on a signal that outlives the call', async () => {
    const server = track(await listen((_, response) => answerJson(response, 200, {})));
    const http = client();
    const { signal } = new AbortController();
    let listeners = 0;
    const counting = Object.assign(signal, {
      addEventListener: () => (listeners += 1),
      removeEventListener: () => (listeners -= 1),
    });

    for (let call = 0; call < 3; call += 1) await http.send(put(server.url, { signal: counting }));

    expect(listeners).toBe(0);
  });

  it('interrupts what is under way when closed and refuses what comes later', async () => {
    const server = track(await listen(() => http.close()));
    const http = client();

    const underWay = await failureOf(http.send(put(server.url)));
    const later = await failureOf(http.send(put(server.url)));

    expect([underWay.details.applied, later.details.applied]).toEqual(['unknown', 'no']);
    expect(later.message).toContain('closed');
  });

  it('keeps addresses and what an answer says out of its errors', async () => {
    const server = track(await listenTcp((socket) => socket.once('data', () => socket.end('s3cret\r\n\r\n'))));

    const error = await failureOf(client().send(get(`${server.url}/genericobjects?key=s3cret`)));

    const seen = [error.message, String(error.cause), String(error.stack), JSON.stringify(error)].join('\n');
    expect(seen).not.toContain('s3cret');
    expect(seen).not.toContain(server.url);
  });
});
