import { describe, expect, it } from '@jest/globals';
import { generic } from '../../src/formats/generic.ts';
import { describeFormat, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

describeFormat(generic, {
  signals: {
    build: {
      says: 'fire',
      dedupeKey: 'build-7',
      amount: 3,
    },
    form: { says: 'fire', dedupeKey: 'build-7', amount: 3 },
  },
  settings: { dedupeKey: '/id', amount: '/missing' },
  recognised: 'never',
});

describe('formats/generic', () => {
  const read = (settings: Record<string, unknown>, name = 'build') =>
    generic.read(fixtureTrigger('generic', name), generic.Settings.parse(settings));
  const image = { registry: 'registry.example.com:5000', repository: 'acme/web', tag: 'v2' };

  it.each(['', 'hello', '[]', '{"a":1}'])('fires on %j when it has no settings', (body) => {
    expect(generic.read(triggerOf({ body }), generic.Settings.parse({}))).toEqual({ says: 'fire', reason: 'called' });
  });

  it('reads an image from one pointer or from several', () => {
    expect(read({ image: '/full' }).image).toEqual(image);
    expect(read({ image: { registry: '/image/host', repository: '/image/name', tag: '/image/tag' } }).image).toEqual(
      image,
    );
    expect(read({ image: '/image' }, 'form').image).toEqual({ repository: 'acme/web', tag: 'v2' });
  });

  it('understands the escapes of RFC 6901, and finds nothing that is inherited', () => {
    expect(read({ amount: '/a~1b/c~0d' }).amount).toBe(5);
    for (const amount of ['/constructor/length', '/__proto__', '/image/name/length']) {
      expect(() => read({ amount })).toThrow(`stands at ${amount}`);
    }
  });

  it.each([
    [null, 'null stands at /id'],
    [{}, 'an object stands at /id'],
    [[], 'an array stands at /id'],
    [true, 'a boolean stands at /id'],
  ])('says that %j is no text', (id, said) => {
    const settings = generic.Settings.parse({ dedupeKey: '/id' });

    expect(() => generic.read(triggerOf({ body: { id } }), settings)).toThrow(said);
  });

  it('ignores a call that does not meet its condition', () => {
    expect(read({ condition: { at: '/status', equals: 'failed' } }).says).toBe('ignore');
    expect(read({ condition: { at: '/none', equals: 'success' } }).says).toBe('ignore');
    expect(read({ condition: { at: '/missing', oneOf: ['3', '4'] } }).says).toBe('fire');
  });

  it.each([0, -1, 1.5, 'many', '1e3', 100_001, null, [1]])('refuses the amount %j', (missing) => {
    const trigger = triggerOf({ body: { missing } });

    expect(() => generic.read(trigger, generic.Settings.parse({ amount: '/missing' }))).toThrow(
      'a whole number from 1',
    );
  });

  it.each([
    { amount: 'missing' },
    { amount: '/~2' },
    { image: { repository: '/name' } },
    { condition: { at: '/a' } },
    { condition: { at: '/a', equals: 1, oneOf: [1] } },
  ])('refuses the settings %j', (settings) => {
    expect(generic.Settings.safeParse(settings).success).toBe(false);
  });
});
