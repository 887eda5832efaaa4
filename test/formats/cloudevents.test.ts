import { describe, expect, it } from '@jest/globals';
import { cloudevents } from '../../src/formats/cloudevents.ts';
import { describeFormat, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

describeFormat(cloudevents, {
  signals: {
    structured: { says: 'fire', reason: 'an event arrived', dedupeKey: '["/ci/acme","A234-1234-1234"]' },
    binary: { says: 'fire', reason: 'an event arrived', dedupeKey: '["/ci/acme","A234-1234-1234"]' },
  },
});

describe('formats/cloudevents', () => {
  const read = (name: string, settings: Record<string, unknown>) =>
    cloudevents.read(fixtureTrigger('cloudevents', name), cloudevents.Settings.parse(settings));

  it.each(['structured', 'binary'])('follows pointers into the data of the %s mode', (name) => {
    const settings = { image: '/image', amount: '/missing', condition: { at: '/missing', oneOf: [1, 2] } };

    expect(read(name, settings)).toMatchObject({
      image: { registry: 'registry.example.com', repository: 'acme/web', tag: 'v2' },
      amount: 2,
    });
  });

  it.each(['structured', 'binary'])('fires only for the types it is told in the %s mode', (name) => {
    expect(read(name, { types: ['com.example.image.built'] }).says).toBe('fire');
    expect(read(name, { types: ['com.example.image.scanned'] }).says).toBe('ignore');
  });

  it('refuses a batch', () => {
    const trigger = triggerOf({ body: [{}], contentType: 'application/cloudevents-batch+json' });

    expect(() => cloudevents.read(trigger, cloudevents.Settings.parse({}))).toThrow('body');
  });
});
