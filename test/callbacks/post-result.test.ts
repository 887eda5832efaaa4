import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { postResult, refuseKnownAddress } from '../../src/callbacks/post-result.ts';
import { mayDial } from '../../src/domain/address-policy.ts';

const result = { executionId: 'e1', body: Buffer.from('{"outcome":"scaled"}'), atSeconds: 1_763_902_800 };
const secret = 'shared-with-the-owner';
const publicOnly = (address: string): boolean => mayDial(address, 'refused');
const privateToo = (address: string): boolean => mayDial(address, 'allowed');
const rancherUrl = 'http://rancher.example:8080/v2-beta';
const nowhere = (): Promise<readonly string[]> => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));

describe('callbacks/post-result', () => {
  let server: Server;
  let port: number;
  let seen: { headers: IncomingHttpHeaders; body: string }[] = [];
  let status = 200;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        seen.push({ headers: request.headers, body });
        response.writeHead(status, { Location: '/elsewhere' });
        response.end('x'.repeat(100_000));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => {
    seen = [];
    status = 200;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  const loopback = {
    mayDial: () => true,
    rancherUrl,
    resolve: (host: string) => Promise.resolve([host === 'rancher.example' ? '203.0.114.9' : '127.0.0.1']),
  };

  it('posts to the address it resolved, signed, and reads nothing of the answer', async () => {
    const url = `http://ci.example:${String(port)}/hook?token=t`;

    expect(await postResult({ url, secret }, result, loopback)).toBe(200);

    const signed = createHmac('sha256', secret).update(`1763902800:${result.body.toString()}`).digest('hex');
    expect(seen).toEqual([
      {
        body: result.body.toString(),
        headers: expect.objectContaining({
          host: `ci.example:${String(port)}`,
          'content-type': 'application/json',
          'x-receiver-hooks-delivery': 'e1',
          'x-receiver-hooks-timestamp': '1763902800',
          'x-receiver-hooks-signature': `sha256=${signed}`,
        }) as unknown,
      },
    ]);
    for (const name of ['authorization', 'cookie']) expect(seen[0]?.headers).not.toHaveProperty(name);
  });

  it('follows no redirect', async () => {
    status = 307;

    expect(await postResult({ url: `http://ci.example:${String(port)}/`, secret }, result, loopback)).toBe(307);
    expect(seen).toHaveLength(1);
  });

  it('ends with its time', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = `http://ci.example:${String((silent.address() as AddressInfo).port)}/`;

    await expect(postResult({ url, secret }, result, { ...loopback, timeoutMs: 50 })).rejects.toThrow(/abort/i);
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
  });

  it.each(['ci.example', 'rancher.example'])('spends its time on looking up %s, too', async (slow) => {
    let answer: (addresses: readonly string[]) => void = () => undefined;
    const never = new Promise<readonly string[]>((resolve) => (answer = resolve));
    const resolve = (host: string): Promise<readonly string[]> => (host === slow ? never : loopback.resolve(host));
    const url = `http://ci.example:${String(port)}/`;

    await expect(postResult({ url, secret }, result, { ...loopback, resolve, timeoutMs: 50 })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    answer(await loopback.resolve(slow));
    await postResult({ url, secret }, { ...result, executionId: 'the next' }, loopback);

    expect(seen.map(({ headers }) => headers['x-receiver-hooks-delivery'])).toEqual(['the next']);
  });

  it.each([
    ['http://127.0.0.1/', []],
    ['http://0x7f.1/', []],
    ['http://2130706433/', []],
    ['http://[::1]/', []],
    ['http://[::ffff:169.254.169.254]/', []],
    ['http://100.100.100.200/latest/meta-data/', []],
    ['http://0/', []],
    ['http://rebound.example/', ['127.0.0.1']],
    ['http://mixed.example/', ['1.1.1.1', '169.254.169.254']],
    ['http://six.example/', ['::ffff:7f00:1']],
    ['http://nobody.example/', []],
    ['http://rancher.example/v2-beta', ['1.1.1.1']],
    ['http://alias-of-rancher.example/', ['203.0.114.9']],
  ])('calls nobody at %s (%j)', async (url, addresses) => {
    const resolve = (host: string): Promise<readonly string[]> =>
      Promise.resolve(host === 'rancher.example' ? ['203.0.114.9'] : addresses);

    await expect(
      postResult({ url, secret }, result, { mayDial: privateToo, rancherUrl, resolve }),
    ).rejects.toMatchObject({
      code: 'ADDRESS_REFUSED',
    });
  });

  it.each([
    ['10.0.0.5', 'http://10.0.0.5/'],
    ['10.0.0.5', 'http://[::ffff:10.0.0.5]/'],
    ['10.0.0.5', 'http://[64:ff9b::10.0.0.5]/'],
    ['10.0.0.5', 'http://[2002:a00:5::1]/'],
    ['[fd00::5]', 'http://[fd00::5]/'],
    ['[fd00::5]', 'http://[fd00:0:0:0:0:0:0:5]/'],
    ['[fd00::5]', 'http://alias.example/', 'FD00:0::5'],
    ['10.0.0.5', 'http://alias.example/', '::ffff:a00:5'],
  ])('never calls Rancher at %s as %s', async (host, url, alias = '') => {
    const options = {
      mayDial: privateToo,
      rancherUrl: `http://${host}:8080`,
      resolve: () => Promise.resolve([alias]),
    };

    await expect(postResult({ url, secret }, result, options)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });

  it.each([
    ['is not known to the resolver', nowhere],
    ['has no address', (): Promise<readonly string[]> => Promise.resolve([])],
  ])('posts nothing for now while the name of Rancher %s', async (_what, ofRancher) => {
    const url = `http://ci.example:${String(port)}/`;
    const resolve = (host: string): Promise<readonly string[]> =>
      host === 'rancher.example' ? ofRancher() : loopback.resolve(host);

    await expect(postResult({ url, secret }, result, { ...loopback, resolve })).rejects.toMatchObject({
      code: 'RANCHER_UNAVAILABLE',
    });
    expect(seen).toEqual([]);
  });

  it('refuses what is no address to call whether or not the name of Rancher is known', async () => {
    const options = { mayDial: publicOnly, rancherUrl, resolve: nowhere };

    await expect(postResult({ url: 'http://10.0.0.1/', secret }, result, options)).rejects.toMatchObject({
      code: 'ADDRESS_REFUSED',
    });
  });

  it('calls private addresses only where that is allowed', () => {
    expect(() => refuseKnownAddress('http://10.0.0.1/', publicOnly)).toThrow(/ALLOW_PRIVATE_CALLBACKS/);
    expect(() => refuseKnownAddress('http://10.0.0.1/', privateToo)).not.toThrow();
    expect(() => refuseKnownAddress('http://localhost:8080/', privateToo)).toThrow(/loopback/);
    expect(() => refuseKnownAddress('https://ci.example/', publicOnly)).not.toThrow();
  });
});
