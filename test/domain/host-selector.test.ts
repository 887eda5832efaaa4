import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { describeSelector, matchesAllLabels } from '../../src/domain/host-selector.ts';

describe('domain/host-selector', () => {
  it('needs every label with exactly its value', () => {
    expect(matchesAllLabels({ tier: 'web', zone: 'b' }, { tier: 'web', zone: 'b', more: '1' })).toBe(true);
    expect(matchesAllLabels({ tier: 'web', zone: 'b' }, { tier: 'web' })).toBe(false);
    expect(matchesAllLabels({ tier: 'web', zone: 'b' }, { tier: 'web', zone: 'B' })).toBe(false);
    expect(matchesAllLabels({ tier: '' }, { tier: 'web' })).toBe(false);
    expect(matchesAllLabels({ tier: 'web' }, null)).toBe(false);
  });

  it('matches nothing when it is empty', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (labels) => {
        expect(matchesAllLabels({}, labels)).toBe(false);
      }),
    );
  });

  it('does not depend on the order of its labels', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.string()),
        fc.dictionary(fc.string(), fc.string()),
        (selector, labels) => {
          const turned = Object.fromEntries(Object.entries(selector).toReversed());
          expect(matchesAllLabels(turned, labels)).toBe(matchesAllLabels(selector, labels));
          expect(describeSelector(turned)).toBe(describeSelector(selector));
        },
      ),
    );
  });

  it('is written as the old service wrote it', () => {
    expect(describeSelector({ zone: 'b', tier: 'web' })).toBe('map[tier:web zone:b]');
  });
});
