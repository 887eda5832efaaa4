import { describe, expect, it } from '@jest/globals';
import { arms } from '../../src/formats/arms.ts';
import { describeFormat, fixtureTrigger } from '../support/format-contract.ts';

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
});
