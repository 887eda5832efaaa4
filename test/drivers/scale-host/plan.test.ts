import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { noScaleDefaults } from '../../../src/drivers/scale-config.ts';
import { createScaleHost, scaleHost } from '../../../src/drivers/scale-host.ts';
import { reading } from '../../../src/drivers/reading.ts';
import { planHosts } from '../../../src/drivers/scale-host/plan.ts';
import type { HostView } from '../../../src/drivers/scale-host/host-view.ts';
import { settings, tier } from '../support/host-triggers.ts';

const signal = { says: 'fire', reason: 'called' } as const;
const host = (number: number, more: Partial<HostView> = {}): HostView => ({
  id: `1h${String(number)}`,
  name: `web-${String(number)}`,
  state: 'active',
  labels: tier,
  driver: 'aliyunecs',
  createdMs: number,
  isLeaving: false,
  ...more,
});
const seen = (hosts: readonly HostView[]) => ({ hosts, names: hosts.map(({ name }) => name), readAtMs: 0 });
const plan = (...[asked, hosts, lane]: DropLast<Parameters<typeof planHosts>>) =>
  planHosts(asked, hosts, lane, noScaleDefaults);
type DropLast<List extends readonly unknown[]> = List extends readonly [...infer Head, unknown] ? Head : never;

describe('drivers/scale-host/plan', () => {
  it('keeps every bound whatever is asked, and asks for no host twice', () => {
    const ask = fc.record({
      action: fc.constantFrom('up', 'down'),
      amount: fc.integer({ min: 1, max: 5 }),
      min: fc.integer({ min: 1, max: 4 }),
      max: fc.integer({ min: 5, max: 9 }),
      onLimit: fc.constantFrom('reject', 'clamp'),
    });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (asks, count) => {
        const hosts = Array.from({ length: count }, (_, at) => host(at + 1));
        const asked = asks.map((config, at) => ({ itemId: `item-${String(at)}`, config: settings(config), signal }));

        const { decisions, change } = plan(asked, seen(hosts), {});

        expect(decisions.map(({ itemId }) => itemId)).toEqual(asked.map(({ itemId }) => itemId));
        let figure = count;
        for (const [at, { outcome, from = 0, to = 0 }] of decisions.entries()) {
          expect(from).toBe(figure);
          const config = asked[at]?.config;
          if (config === undefined || (outcome !== 'change' && outcome !== 'scaled')) expect(to).toBe(figure);
          else if (config.action === 'up')
            expect(to > from && to <= config.max && to - from <= config.amount).toBe(true);
          else expect(to < from && to >= config.min && from - to <= config.amount).toBe(true);
          figure = to;
        }
        const { create = [], remove = [] } = change ?? {};
        expect(count + create.length - remove.length).toBe(figure);
        expect(create.length === 0 || remove.length === 0).toBe(true);
        expect(new Set(create.map(({ marker }) => marker)).size).toBe(create.length);
        expect(new Set(create.map(({ hostname }) => hostname)).size).toBe(create.length);
        expect(new Set(remove.map(({ hostId }) => hostId)).size).toBe(remove.length);
        const { [reading]: _, ...stored } = change ?? {};
        expect(JSON.parse(JSON.stringify(stored))).toEqual(stored);
      }),
    );
  });

  it('counts hosts that are leaving for nothing, and failed ones of ours against max only', () => {
    const hosts = [
      host(1),
      host(2),
      host(3, { isLeaving: true }),
      host(4, { state: 'error', marker: 'item.1' }),
      host(5, { state: 'error' }),
    ];
    const up = (max: number) =>
      plan([{ itemId: 'a', config: settings({ max }), signal }], seen(hosts), {}).decisions[0];

    expect(up(3)).toMatchObject({ outcome: 'limit-reached', from: 2, to: 2 });
    expect(up(4)).toMatchObject({ outcome: 'change', from: 2, to: 3 });
  });

  it('says that failed hosts of ours fill the group, and names the real max', () => {
    const hosts = [
      host(1),
      host(2, { state: 'error', marker: 'item.1' }),
      host(3, { state: 'error', marker: 'item.2' }),
    ];
    const up = (onLimit: string) =>
      plan([{ itemId: 'a', config: settings({ max: 3, onLimit }), signal }], seen(hosts), {}).decisions[0]?.message;

    expect(up('reject')).toBe(
      'Cannot scale above provided max scale value; 2 failed hosts of this service count against max 3, remove them or set onHostError to remove',
    );
    expect(up('clamp')).toBe(
      'already at 1, max is 3; 2 failed hosts of this service count against max 3, remove them or set onHostError to remove',
    );
  });

  it('counts what an item before it makes for another group that has the labels, too', () => {
    const hosts = [host(1, { labels: { tier: 'web', zone: 'b' } })];

    const { decisions } = plan(
      [
        { itemId: 'a', config: settings({ hostSelector: { zone: 'b' }, max: 3 }), signal },
        { itemId: 'b', config: settings({ max: 2 }), signal },
      ],
      seen(hosts),
      {},
    );

    expect(decisions).toMatchObject([
      { outcome: 'change', from: 1, to: 2 },
      { outcome: 'limit-reached', from: 2 },
    ]);
  });

  it('turns round for a signal that says the alarm is over, and takes the most recent host', () => {
    const over = { ...signal, direction: 'reverse' } as const;

    expect(plan([{ itemId: 'a', config: settings(), signal: over }], seen([host(1), host(2)]), {})).toMatchObject({
      decisions: [{ outcome: 'change', from: 2, to: 1 }],
      change: { items: [{ action: 'down' }], remove: [{ hostId: '1h2' }] },
    });
  });

  it('cools down after the last change of the hosts, also of the same round', () => {
    const config = settings({ cooldownSeconds: 60 });
    const ask = (itemId: string) => ({ itemId, config, signal });

    expect(plan([ask('a')], seen([host(1)]), { sinceLastEffectiveChangeMs: 59_000 }).decisions).toMatchObject([
      { outcome: 'cooling-down', message: 'cooling down for another 1 s' },
    ]);
    expect(plan([ask('a'), ask('b')], seen([host(1)]), {}).decisions).toMatchObject([
      { outcome: 'change' },
      { outcome: 'cooling-down' },
    ]);
  });

  it("takes the installation's cooldown for a receiver that has none of its own, 0 included", () => {
    const driver = createScaleHost({ cooldownSeconds: 60 });
    const decide = (config: { readonly cooldownSeconds?: number }) =>
      driver.plan(
        [{ itemId: 'a', config: settings(config), signal }],
        { kind: 'seen', ...seen([host(1)]) },
        { sinceLastEffectiveChangeMs: 30_000 },
      ).decisions;

    expect(decide({})).toMatchObject([{ outcome: 'cooling-down', message: 'cooling down for another 30 s' }]);
    expect(decide({ cooldownSeconds: 0 })).toMatchObject([{ outcome: 'change' }]);
    expect(decide({ cooldownSeconds: 31 })).toMatchObject([{ outcome: 'cooling-down' }]);
  });

  it('refuses a down that only custom hosts could serve, or goes as far as machines are', () => {
    const { driver: _, ...custom } = host(2);
    const hosts = [host(1), custom, { ...custom, id: '1h7' }];
    const down = (onLimit: string) =>
      plan([{ itemId: 'a', config: settings({ action: 'down', amount: 2, onLimit }), signal }], seen(hosts), {});

    expect(down('reject').decisions).toMatchObject([{ outcome: 'failed', code: 'TARGET_UNSUPPORTED' }]);
    expect(down('clamp')).toMatchObject({
      decisions: [{ outcome: 'change', from: 3, to: 2 }],
      change: { remove: [{ hostId: '1h1' }] },
    });
  });

  it('fails every item when no key may make hosts', async () => {
    const rancher = { projectId: '1a5', findHostCreator: async () => undefined };

    const snapshot = await scaleHost.read('1a5/hosts', rancher as never, {});

    expect(scaleHost.plan([{ itemId: 'a', config: settings(), signal }], snapshot, {})).toMatchObject({
      decisions: [{ itemId: 'a', outcome: 'failed', code: 'HOST_KEY_MISSING' }],
    });
  });
});
