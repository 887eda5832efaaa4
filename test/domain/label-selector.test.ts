import { describe, expect, it } from '@jest/globals';
import { matchesLabels } from '../../src/domain/label-selector.ts';

describe('domain/label-selector', () => {
  it.each([
    [{ app: 'web' }, { app: 'web', tier: 'front' }, true],
    [{ app: 'web', tier: 'back' }, { app: 'web', tier: 'front' }, false],
    [{ APP: 'Web' }, { app: 'WEB' }, true],
    [{ app: '' }, { app: 'anything' }, true],
    [{ app: '' }, { other: 'web' }, false],
    [{ port: '80' }, { port: 80 }, true],
    [{ app: 'web' }, { app: { nested: 'web' } }, false],
    [{ app: 'web' }, null, false],
    [{ app: 'web' }, 'app=web', false],
  ])('%j on %j is %s', (selector, labels, expected) => {
    expect(matchesLabels(selector as Record<string, string>, labels)).toBe(expected);
  });

  it('matches nothing with an empty selector, which took every service in the old service', () => {
    expect(matchesLabels({}, { app: 'web' })).toBe(false);
  });

  it('counts every label and not the last one alone (facts §0.5 no. 2, rancher#10285)', () => {
    expect(matchesLabels({ a: '1', b: '2', c: '3' }, { a: '1', b: 'x', c: '3' })).toBe(false);
    expect(matchesLabels({ a: '1', b: '2', c: '3' }, { a: 'x', b: '2', c: '3' })).toBe(false);
  });
});
