import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import type { HeldSignature } from '../../src/receivers/demands.ts';
import type { Receiver } from '../../src/receivers/receiver.ts';
import { createSealing } from '../../src/receivers/sealing.ts';
import { sealSecret } from '../../src/receivers/secrets.ts';
import { createDemands } from '../../src/router/demands.ts';
import type { Demands, DemandsOptions } from '../../src/router/demands.ts';
import type { TriggerRequest } from '../../src/router/trigger-request.ts';

const owner = { projectId: '1a5', uid: 'u1' };
const sealing = createSealing(Buffer.alloc(32, 5));
const nowMs = Date.UTC(2026, 10, 23, 13);
const nowSeconds = String(nowMs / 1000);
const secret = "It's a Secret to Everybody";
const body = 'Hello, World!';
/** docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, "Testing the webhook payload validation". */
const documented = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

type Demand = Omit<HeldSignature, 'secrets'>;
interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly authorization?: string;
  readonly sourceAddress?: string;
  readonly contentType?: string;
}

const taken: string[] = [];
let waitMs: number | undefined;
beforeEach(() => {
  taken.length = 0;
  waitMs = undefined;
});

function demands(more: Partial<DemandsOptions> = {}): Demands {
  return createDemands({
    sealing,
    drivers,
    installPlace: 'own-port',
    trustExistingReceivers: false,
    nowMs: () => nowMs,
    rates: {
      take(receiver) {
        taken.push(receiver);
        return Promise.resolve(waitMs === undefined ? undefined : { waitMs });
      },
    },
    ...more,
  });
}

function signature(demand: Demand, secrets: readonly string[] = [secret], by = sealing): HeldSignature {
  const held = secrets.map((plain, n) =>
    sealSecret({ id: `s${String(n)}`, created: '', plain, origin: 'given' }, 'signature', owner, by),
  );
  return { ...demand, secrets: held };
}

const receiver = (more: Partial<Receiver> = {}): Receiver => ({
  id: '1go1',
  ...owner,
  name: 'web-up',
  driver: 'scaleService',
  config: {},
  state: 'active',
  format: 'auto',
  formatSettings: {},
  repeatAfterSeconds: 600,
  created: '',
  provenance: 'ours',
  ...more,
});

function request({ headers = {}, text = body, contentType = 'application/json', ...rest }: Sent = {}): TriggerRequest {
  return {
    projectId: '1a5',
    key: 'k',
    token: undefined,
    idempotencyKey: undefined,
    wait: 'applied',
    dryRun: false,
    trigger: { method: 'POST', headers, contentType, body: Buffer.from(text) },
    ...rest,
  };
}

const mac = (text: string, key = secret): string => createHmac('sha256', key).update(text).digest('hex');
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const grafana = (text: string, time?: string): Sent => ({
  headers: { 'x-grafana-alerting-signature': mac(text), ...(time === undefined ? {} : { 'x-time': time }) },
});
const github = (value: string, text = body): Sent => ({ headers: { 'x-hub-signature-256': value }, text });
const timed: Demand = { kind: 'grafana', timestampHeader: 'x-time' };

describe('router/demands: signatures', () => {
  it.each<[string, Demand, Sent]>([
    ["GitHub's documented example", { kind: 'github' }, github(documented)],
    ['an HMAC with a prefix', { kind: 'hmac-sha256' }, github(documented)],
    ['an HMAC without', { kind: 'hmac-sha256', header: 'x-sign' }, { headers: { 'x-sign': documented.slice(7) } }],
    ['capitals', { kind: 'hmac-sha256' }, github(documented.slice(7).toUpperCase())],
    ['Grafana without a time', { kind: 'grafana' }, grafana(body)],
    ['Grafana with a time', timed, grafana(`${nowSeconds}:${body}`, nowSeconds)],
    ['a time in milliseconds', timed, grafana(`${String(nowMs)}:${body}`, String(nowMs))],
    ['an empty body', { kind: 'github' }, github(`sha256=${mac('')}`, '')],
    ['a GitLab token', { kind: 'gitlab' }, { headers: { 'x-gitlab-token': secret } }],
    ['a Harbor secret', { kind: 'harbor' }, { authorization: secret }],
    ['a bearer token', { kind: 'bearer' }, { authorization: `Bearer ${secret}` }],
    ['a user and password', { kind: 'basic' }, { authorization: basic(secret) }],
  ])('admit %s', async (_what, demand, sent) => {
    const checked = await demands().check(receiver({ signature: signature(demand) }), request(sent));

    expect(checked === undefined).toBe(demand.timestampHeader === undefined);
  });

  it.each<[string, Demand, Sent]>([
    ['none', { kind: 'github' }, {}],
    ['an empty one', { kind: 'github' }, github('')],
    ['one without the prefix', { kind: 'github' }, github(documented.slice(7))],
    ['the old SHA-1 one', { kind: 'github' }, { headers: { 'x-hub-signature': `sha1=${'0'.repeat(40)}` } }],
    ['a short one', { kind: 'github' }, github(documented.slice(0, -2))],
    ['a doubled one', { kind: 'github' }, github(`${documented}, ${documented}`)],
    ['one of another body', { kind: 'github' }, github(documented, 'Hello, World')],
    ['one with another secret', { kind: 'github' }, github(`sha256=${mac(body, 'x')}`)],
    ['a time that is not signed', timed, grafana(body, nowSeconds)],
    ['a missing time', timed, grafana(body)],
    ['a time that is none', timed, grafana(`now:${body}`, 'now')],
    ['another token', { kind: 'gitlab' }, { headers: { 'x-gitlab-token': `${secret}x` } }],
    ['a missing token', { kind: 'gitlab' }, {}],
    ['a Harbor secret as bearer', { kind: 'harbor' }, { authorization: `Bearer ${secret}` }],
    ['a bare bearer token', { kind: 'bearer' }, { authorization: secret }],
    ['a missing Authorization', { kind: 'basic' }, {}],
    ['another password', { kind: 'basic' }, { authorization: basic(`${secret}x`) }],
  ])('refuse %s, and show nothing of the secret', async (_what, demand, sent) => {
    const checked = demands().check(receiver({ signature: signature(demand) }), request(sent));

    await expect(checked).rejects.toMatchObject({
      code: 'TRIGGER_UNAUTHENTICATED',
      message: expect.not.stringContaining(secret) as unknown,
    });
  });

  it('take either of two secrets while they are rotated', async () => {
    const held = signature({ kind: 'gitlab' }, ['the-old-one-1', 'the-new-one-1']);
    const send = (token: string) =>
      demands().check(receiver({ signature: held }), request({ headers: { 'x-gitlab-token': token } }));

    await expect(send('the-old-one-1')).resolves.toBeUndefined();
    await expect(send('the-new-one-1')).resolves.toBeUndefined();
    await expect(send('the-third-one')).rejects.toMatchObject({ code: 'TRIGGER_UNAUTHENTICATED' });
  });

  it.each([-301, 301])('refuse a time %i s away', async (seconds) => {
    const time = String(nowMs / 1000 + seconds);
    const sent = request(grafana(`${time}:${body}`, time));

    await expect(demands().check(receiver({ signature: signature(timed) }), sent)).rejects.toMatchObject({
      code: 'TRIGGER_REPLAYED',
    });
  });

  it('are remembered as long as their time may be believed', async () => {
    const time = String(nowMs / 1000 - 59);
    const held = signature({ ...timed, toleranceSeconds: 60 });

    expect(await demands().check(receiver({ signature: held }), request(grafana(`${time}:${body}`, time)))).toEqual({
      text: mac(`${time}:${body}`),
      livesForMs: 120_000,
    });
  });

  it('fail closed when a secret cannot be opened', async () => {
    const sent = request({ headers: { 'x-gitlab-token': secret } });
    const strange = signature({ kind: 'gitlab' }, [secret], createSealing(Buffer.alloc(32, 6)));
    const moved = receiver({ signature: signature({ kind: 'gitlab' }), uid: 'u2' });

    await expect(demands().check(receiver({ signature: strange }), sent)).rejects.toMatchObject({
      code: 'SEALING_KEY_CHANGED',
      message: expect.stringMatching(/put the old SEALING_KEY back, or save the receiver with new secrets/) as unknown,
    });
    await expect(demands().check(moved, sent)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
  });

  it("refuse a form behind Rancher's proxy, which builds it anew", async () => {
    const sent = request({ ...github(documented), contentType: 'application/x-www-form-urlencoded' });
    const guarded = receiver({ signature: signature({ kind: 'github' }) });

    await expect(demands({ installPlace: 'rancher-proxy' }).check(guarded, sent)).rejects.toThrow(/builds forms anew/);
    await expect(demands().check(guarded, sent)).resolves.toBeUndefined();
  });
});

describe('router/demands: sources', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.0/24']],
    ['192.0.2.7', ['192.0.2.7']],
    ['::ffff:192.0.2.7', ['10.0.0.0/8', '192.0.2.0/24']],
    ['2001:db8::7', ['2001:db8::/32']],
    ['2001:db8::7', ['2001:db8::7']],
    ['47.74.206.10', ['cloudmonitor']],
    ['121.41.9.246', ['10.0.0.1', 'cloudmonitor']],
  ])('admit %s to %j', async (sourceAddress, allowedSources) => {
    await expect(demands().check(receiver({ allowedSources }), request({ sourceAddress }))).resolves.toBeUndefined();
  });

  it.each([
    ['192.0.3.7', ['192.0.2.0/24']],
    ['::1', ['0.0.0.0/0']],
    ['127.0.0.1', ['::/0']],
    ['47.74.207.10', ['cloudmonitor']],
    ['unknown', ['0.0.0.0/0', '::/0']],
    [undefined, ['0.0.0.0/0', '::/0']],
  ])('refuse %s to %j', async (sourceAddress, allowedSources) => {
    const sent = request(sourceAddress === undefined ? {} : { sourceAddress });

    await expect(demands().check(receiver({ allowedSources }), sent)).rejects.toMatchObject({
      code: 'SOURCE_NOT_ALLOWED',
    });
  });
});

describe('router/demands: sources of the installation', () => {
  const guarded = demands({ defaultAllowedSources: ['192.0.2.0/24'] });
  const from = (sourceAddress: string) => request({ sourceAddress });

  it('hold for a receiver that names none', async () => {
    await expect(guarded.check(receiver(), from('192.0.2.7'))).resolves.toBeUndefined();
    await expect(guarded.check(receiver(), from('198.51.100.7'))).rejects.toMatchObject({
      code: 'SOURCE_NOT_ALLOWED',
      message: expect.stringMatching(
        /^this installation does not admit the address 198\.51\.100\.7; .*ALLOWED_SOURCES/,
      ),
    });
    await expect(guarded.check(receiver(), request())).rejects.toThrow(/^this installation .*TRUSTED_HOPS/);
  });

  it("give way to the receiver's own, wider and narrower ones", async () => {
    const open = receiver({ allowedSources: ['0.0.0.0/0', '::/0'] });
    const other = receiver({ allowedSources: ['10.0.0.0/8'] });

    await expect(guarded.check(open, from('198.51.100.7'))).resolves.toBeUndefined();
    await expect(guarded.check(open, from('2001:db8::7'))).resolves.toBeUndefined();
    await expect(guarded.check(other, from('192.0.2.7'))).rejects.toThrow(/^this receiver does not admit/);
  });
});

describe('router/demands: rate', () => {
  const rateLimit = { triggers: 2, perSeconds: 60 };

  it('counts per receiver, and only for those that demand it', async () => {
    await demands().check(receiver({ rateLimit }), request());
    await demands().check(receiver(), request());

    expect(taken).toEqual(['1a5/1go1']);
  });

  it('says when to come back, in whole seconds', async () => {
    waitMs = 1_200;

    await expect(demands().check(receiver({ rateLimit }), request())).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterSeconds: 2 },
    });
  });

  it('is not used up by those who cannot prove who they are', async () => {
    const guarded = receiver({ rateLimit, signature: signature({ kind: 'gitlab' }) });

    await expect(demands().check(guarded, request())).rejects.toMatchObject({ code: 'TRIGGER_UNAUTHENTICATED' });
    expect(taken).toEqual([]);
  });
});

describe('router/demands: provenance', () => {
  const [driver] = drivers;
  if (driver === undefined) throw new Error('there are no drivers');
  const own = { drivers: [{ ...driver, id: 'ownOnly', provenance: 'ours' as const }] };

  it.each([
    ['unverified', 'RECEIVER_UNVERIFIED', /\?action=adopt/],
    ['other-key', 'SEALING_KEY_CHANGED', /put the old SEALING_KEY back/],
  ] as const)('keeps a receiver that is %s from a driver that acts for ours only', async (provenance, code, remedy) => {
    const checked = demands(own).check(receiver({ driver: 'ownOnly', provenance }), request());

    await expect(checked).rejects.toMatchObject({ code, message: expect.stringMatching(remedy) as unknown });
  });

  it.each([
    ['ours', {}, receiver({ driver: 'ownOnly' })],
    ['of another driver', {}, receiver({ provenance: 'unverified' })],
    ['trusted', { trustExistingReceivers: true }, receiver({ driver: 'ownOnly', provenance: 'unverified' })],
  ])('lets one run that is %s', async (_what, more, one) => {
    await expect(demands({ ...own, ...more }).check(one, request())).resolves.toBeUndefined();
  });
});
