import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startDeliveries } from '../../src/callbacks/deliveries.ts';
import type { Deliveries, DeliveriesOptions } from '../../src/callbacks/deliveries.ts';
import { destinationOf } from '../../src/callbacks/destination.ts';
import { sealCallback } from '../../src/receivers/callback.ts';
import type { Receiver } from '../../src/receivers/receiver.ts';
import { createSealing } from '../../src/receivers/sealing.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { Store } from '../../src/storage/store.ts';
import { call } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';

const sealing = createSealing(Buffer.alloc(32, 5));
const owner = { projectId: '1a5', uid: 'u1' };
const secret = 'shared-with-the-owner';
const target = '1a5/service/1s7/scale';
const post = { mayDial: () => true, rancherUrl: 'http://203.0.114.9:8080' };

interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let url: string;
let posted: Posted[];
let answers: number[];
let heard: () => void = () => undefined;
let store: Store;
let running: Deliveries[];
let logged: { readonly message: string; readonly facts: object }[];

beforeEach(async () => {
  posted = [];
  answers = [];
  running = [];
  logged = [];
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      posted.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 204).end();
      heard();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook?token=a-token-of-theirs`;
  store = await openSqliteStore(':memory:');
});

afterEach(async () => {
  for (const deliveries of running) await deliveries.close();
  await store.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function start(
  by = sealing,
  more: { readonly giveUpAfterMs?: number; readonly post?: DeliveriesOptions['post'] } = {},
): Deliveries {
  const note = (facts: object, message: string): void => void logged.push({ facts, message });
  const deliveries = startDeliveries({
    store,
    sealing: by,
    holder: randomUUID(),
    post: more.post ?? post,
    log: { warn: note, error: note },
    timing: {
      lookEveryMs: 5,
      firstPauseMs: 5,
      longestPauseMs: 10,
      ...(more.giveUpAfterMs === undefined ? {} : { giveUpAfterMs: more.giveUpAfterMs }),
    },
  });
  running.push(deliveries);
  return deliveries;
}

async function until(isReached: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isReached()) {
    if (performance.now() > deadline) throw new Error('not reached within 5 s');
    await new Promise<void>((resolve) => {
      heard = resolve;
      setTimeout(resolve, 10);
    });
  }
}

function destination(): string {
  const plain = { created: '', origin: 'given' } as const;
  const callback = sealCallback(
    {
      host: 'ci.example',
      url: { id: 'url', plain: url, ...plain },
      secrets: [
        { id: 'old', plain: 'the-old-secret', ...plain },
        { id: 'new', plain: secret, ...plain },
      ],
    },
    owner,
    sealing,
  );
  return destinationOf({ ...owner, callback } as unknown as Receiver) ?? '';
}

/** An execution that ended as `scaled`, with the callback of its receiver. */
async function execute(id: string): Promise<void> {
  await store.accept([
    {
      id,
      projectId: '1a5',
      receiverId: '1go1',
      receiverName: 'web-up',
      driver: 'scaleService',
      format: 'generic',
      config: {},
      signal: { says: 'fire', reason: 'called' },
      targets: [target],
      seenKeys: [],
      sendWithinMs: 60_000,
      laneLimit: 10,
      callback: destination(),
    },
  ]);
}

async function end(): Promise<void> {
  const round = await store.openRound({ target, holder: 'h', leaseMs: 10_000, doubtMs: 1_000 });
  if (round.kind !== 'held') throw new Error('somebody else holds the lane');
  const ended = round.waiting.map(({ itemId }) => ({
    itemId,
    outcome: 'scaled' as const,
    message: 'done',
    from: 1,
    to: 2,
  }));
  await store.commitRound({ target, epoch: round.epoch, ended });
}

describe('callbacks/deliveries', () => {
  it('posts what became of an execution once it has ended, signed with the newest secret', async () => {
    await execute('e1');
    start();
    await end();
    await until(() => posted.length > 0);

    const [{ headers, body } = { headers: {}, body: '' }] = posted;
    expect(JSON.parse(body)).toMatchObject({
      type: 'execution',
      id: 'e1',
      state: 'finished',
      outcome: 'scaled',
      receiverName: 'web-up',
      to: 2,
    });
    const time = String(headers['x-receiver-hooks-timestamp']);
    const signed = createHmac('sha256', secret).update(`${time}:${body}`).digest('hex');
    expect(headers['x-receiver-hooks-signature']).toBe(`sha256=${signed}`);
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(10);
  });

  it('keeps nothing readable of address and secret in the store', () => {
    expect(destination()).not.toMatch(/hook|token|127\.0\.0\.1|shared-with/);
  });

  it('tries again until it is taken, with one delivery id, and then no more', async () => {
    answers = [500, 404, 302];
    await execute('e1');
    await end();
    start();
    await until(() => posted.length === 4);
    await running.pop()?.close();

    expect(new Set(posted.map(({ headers }) => headers['x-receiver-hooks-delivery']))).toEqual(new Set(['e1']));
    expect(logged.map(({ facts }) => (facts as { readonly reason?: string }).reason)).toEqual([
      'it was answered 500',
      'it was answered 404',
      'it was answered 302',
    ]);
    expect(await store.claimCallbacks({ holder: 'other', leaseMs: 1_000, limit: 10 })).toEqual([]);
  });

  it.each([
    ['its owner says that it is gone', [410], {}],
    ['nobody has taken it for long enough', [500, 500, 500], { giveUpAfterMs: -1 }],
  ])('gives up when %s', async (_what, given, more) => {
    answers = given;
    await execute('e1');
    await end();
    start(sealing, more);
    await until(() => logged.length > 0);
    await running.pop()?.close();

    expect(logged).toMatchObject([{ message: 'a result could not be posted and is given up' }]);
    expect(posted).toHaveLength(1);
  });

  it('waits for the sealing key instead of losing results, and logs no address', async () => {
    await execute('e1');
    await end();
    const lost = start(createSealing(Buffer.alloc(32, 6)));
    await until(() => logged.length > 0);
    await lost.close();
    expect(JSON.stringify(logged)).toMatch(/SEALING_KEY/);

    start();
    await until(() => posted.length === 1);

    expect(JSON.stringify(logged)).not.toMatch(/a-token-of-theirs|127\.0\.0\.1/);
  });

  it('waits until it can tell whether an address is that of Rancher', async () => {
    let lookUps = 0;
    const resolve = (): Promise<readonly string[]> => {
      lookUps += 1;
      if (lookUps < 3) return Promise.reject(Object.assign(new Error(), { code: 'EAI_AGAIN' }));
      return Promise.resolve(['203.0.114.9']);
    };
    await execute('e1');
    await end();
    start(sealing, { post: { ...post, rancherUrl: 'http://rancher.example', resolve } });
    await until(() => posted.length > 0);
    await running.pop()?.close();

    expect(posted).toHaveLength(1);
    expect(logged).toEqual(
      [1, 2].map((attempt) => ({
        message: 'a result could not be posted, will be tried again',
        facts: { executionId: 'e1', attempt, reason: expect.stringContaining('EAI_AGAIN') },
      })),
    );
  });

  it('puts a result off whose name server does not answer, and says so', async () => {
    const resolve = (): Promise<readonly string[]> => new Promise(() => undefined);
    await execute('e1');
    await end();
    start(sealing, { post: { ...post, rancherUrl: 'http://rancher.example', resolve, timeoutMs: 20 } });
    await until(() => logged.length > 0);

    expect(logged[0]).toMatchObject({
      message: 'a result could not be posted, will be tried again',
      facts: { executionId: 'e1', reason: 'no answer (TimeoutError)' },
    });
    expect(posted).toEqual([]);
  });

  it('goes all the way from a receiver to its owner', async () => {
    const api = await startApi({ post, parts: { mayCallBack: () => true } });
    try {
      const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 1 });
      const made = await call(api.url, {
        method: 'POST',
        path: '/v1-webhooks/receivers?projectId=1a5',
        headers: { authorization: basic(api.sandbox.project.keys.project) },
        body: {
          name: 'calls-back',
          driver: 'scaleService',
          scaleServiceConfig: { serviceId, action: 'up', amount: 1, min: 1, max: 9 },
          callback: { url },
        },
      });
      const callback = made.body['callback'] as {
        readonly host: string;
        readonly secrets: readonly { readonly secret: string }[];
      };
      expect(callback.host).toBe(new URL(url).host);
      expect(made.text).not.toContain('a-token-of-theirs');
      const { pathname, search } = new URL(String(made.body['url']));

      const answer = await call(api.url, { method: 'POST', path: `${pathname}${search}` });
      await until(() => posted.length === 1);

      const [{ headers, body } = { headers: {}, body: '' }] = posted;
      expect(JSON.parse(body)).toMatchObject({ id: answer.body['executionId'], outcome: 'scaled', to: 2 });
      const signed = createHmac('sha256', callback.secrets[0]?.secret ?? '')
        .update(`${String(headers['x-receiver-hooks-timestamp'])}:${body}`)
        .digest('hex');
      expect(headers['x-receiver-hooks-signature']).toBe(`sha256=${signed}`);
    } finally {
      await api.close();
    }
  });
});
