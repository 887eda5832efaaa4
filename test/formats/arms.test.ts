import { describe, expect, it } from '@jest/globals';
import { arms } from '../../src/formats/arms.ts';
import { formats } from '../../src/formats/formats.ts';
import { chooseFormat } from '../../src/formats/recognise.ts';
import { describeFormat, fixtureBody, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

describeFormat(arms, {
  signals: {
    firing: { says: 'fire', reason: '1 alert fires' },
    resolved: { says: 'ignore' },
  },
});

describe('formats/arms', () => {
  it('takes the step back on a resolved alert when asked to', () => {
    const settings = arms.Settings.parse({ onResolved: 'reverse' });

    expect(arms.read(fixtureTrigger('arms', 'resolved'), settings)).toMatchObject({
      says: 'fire',
      direction: 'reverse',
    });
  });

  it.each([
    ['no status', { status: undefined }],
    ['a status it does not know', { status: 'suppressed' }],
    ['a receiver that is no text', { receiver: 7 }],
  ])('refuses a notification with %s, also where it is left to auto to recognise the sender', (_what, fields) => {
    const trigger = triggerOf({ body: { ...fixtureBody('arms', 'resolved'), ...fields } });

    expect(chooseFormat(formats, 'auto', trigger)?.id).toBe('arms');
    expect(() => arms.read(trigger, arms.Settings.parse({}))).toThrow('is not what this format sends');
  });
});
