import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Signal } from '../../src/domain/signal.ts';
import { noScaleDefaults, stepFor } from '../../src/drivers/scale-config.ts';
import { createScaleService, scaleService } from '../../src/drivers/scale-service.ts';

const fire = { says: 'fire', reason: 'called' } as const;
const base = { serviceId: '1s5', action: 'up', amount: 2, min: 1, max: 10 };
const parse = (more: object = {}) => scaleService.Config.parse({ ...base, ...more });

const snapshot = { kind: 'scalable', serviceId: '1s5', scale: 5 } as const;
const decide = (config: ReturnType<typeof parse>, signal: Signal) =>
  scaleService.plan([{ itemId: 'i', config, signal }], snapshot, {}).decisions[0];

describe('drivers/scale-config', () => {
  it('leaves a step as configured when the signal says nothing of it', () => {
    const configured = { ...parse(), cooldownSeconds: 0 };

    expect(stepFor(parse(), fire, noScaleDefaults)).toEqual(configured);
    expect(stepFor(parse(), { ...fire, direction: 'as-configured', amount: 7 }, noScaleDefaults)).toEqual(configured);
  });

  it('takes a step back when what fired is over', () => {
    expect(decide(parse(), { ...fire, direction: 'reverse' })).toMatchObject({ outcome: 'change', from: 5, to: 3 });
    expect(decide(parse({ action: 'down' }), { ...fire, direction: 'reverse' })).toMatchObject({ from: 5, to: 7 });
  });

  it("takes the sender's amount where the receiver says so, and its own where the sender names none", () => {
    const config = parse({ amountFrom: 'sender' });

    expect(decide(config, { ...fire, amount: 4 })).toMatchObject({ outcome: 'change', to: 9 });
    expect(decide(config, fire)).toMatchObject({ outcome: 'change', to: 7 });
    expect(decide(config, { ...fire, amount: 6 })).toMatchObject({ outcome: 'limit-reached', to: 5 });
  });

  it('lets no signal past the bounds', () => {
    const directions = fc.constantFrom('as-configured' as const, 'reverse' as const);
    const actions = fc.constantFrom('up', 'down');
    const limits = fc.constantFrom('reject', 'clamp');

    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        directions,
        actions,
        limits,
        (amount, direction, action, onLimit) => {
          const config = parse({ amountFrom: 'sender', action, onLimit });

          const { to = 0 } = decide(config, { ...fire, amount, direction }) ?? {};

          expect(to).toBeGreaterThanOrEqual(1);
          expect(to).toBeLessThanOrEqual(10);
        },
      ),
    );
  });

  it.each([
    ['amount', 3_000_000_000, 'Invalid amount: 3000000000; a whole number from 1 to 100000 is needed'],
    ['amount', '2', 'Invalid amount: "2"; a whole number from 1 to 100000 is needed'],
    ['min', 0, 'Minimum scale not provided/invalid; 0 is none, a whole number from 1 to 100000 is needed'],
    [
      'max',
      2 ** 31,
      'Maximum scale not provided/invalid; 2147483648 is none, a whole number from 1 to 2147483647 is needed',
    ],
  ])('names the bounds that %s %j does not keep to', (field, value, message) => {
    const parsed = scaleService.Config.safeParse({ ...base, [field]: value });

    expect(parsed.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });

  it('takes the bound of a receiver of the old service that means none', () => {
    expect(parse({ max: 1_000_000 })).toMatchObject({ max: 1_000_000 });
  });

  it("takes the installation's cooldown for a receiver that has none of its own, 0 included", () => {
    const outcomeOf = (config: object) =>
      createScaleService({ cooldownSeconds: 60 }).plan(
        [{ itemId: 'i', config: parse(config), signal: fire }],
        snapshot,
        { sinceLastEffectiveChangeMs: 59_500 },
      ).decisions[0];

    expect(outcomeOf({})).toMatchObject({ outcome: 'cooling-down', message: 'cooling down for another 1 s' });
    expect(outcomeOf({ cooldownSeconds: 0 })).toMatchObject({ outcome: 'change' });
    expect(outcomeOf({ cooldownSeconds: 59 })).toMatchObject({ outcome: 'change' });
  });

  it('refuses another amountFrom with its name', () => {
    expect(() => parse({ amountFrom: 'body' })).toThrow('Invalid amountFrom');
  });
});
