import { describe, expect, it } from '@jest/globals';
import { cloudmonitorEvent } from '../../src/formats/cloudmonitor-event.ts';
import { formats } from '../../src/formats/formats.ts';
import { chooseFormat } from '../../src/formats/recognise.ts';
import { describeFormat, fixtureBody, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

describeFormat(cloudmonitorEvent, {
  signals: {
    triggered: { says: 'fire', reason: 'an event happened' },
    resolved: { says: 'ignore' },
    'older-rule': { says: 'fire' },
  },
});

describe('formats/cloudmonitor-event', () => {
  const read = (name: string, settings: Record<string, unknown>) =>
    cloudmonitorEvent.read(fixtureTrigger('cloudmonitor-event', name), cloudmonitorEvent.Settings.parse(settings));

  it('fires only for the events it is told', () => {
    const events = ['Instance:PreemptibleInstanceInterruption'];

    expect(read('older-rule', { events }).says).toBe('fire');
    expect(read('triggered', { events }).says).toBe('ignore');
  });

  it('takes the step back when an event is over and it is asked to', () => {
    expect(read('resolved', { onResolved: 'reverse' })).toMatchObject({ says: 'fire', direction: 'reverse' });
    expect(read('resolved', { onResolved: 'reverse' }).dedupeKey).not.toBe(read('triggered', {}).dedupeKey);
  });

  it.each(['alertStatus', 'eventName', 'dedupId'])(
    'refuses a notification with a broken %s, also where it is left to auto to recognise the sender',
    (field) => {
      const { alert } = fixtureBody('cloudmonitor-event', 'resolved') as { readonly alert: object };
      const trigger = triggerOf({ body: { alert: { ...alert, [field]: 7 } } });

      expect(chooseFormat(formats, 'auto', trigger)?.id).toBe('cloudmonitor-event');
      expect(() => cloudmonitorEvent.read(trigger, cloudmonitorEvent.Settings.parse({}))).toThrow(`alert.${field}`);
    },
  );
});
