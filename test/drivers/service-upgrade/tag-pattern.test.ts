import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { compileTagPattern, type TagMatch } from '../../../src/drivers/service-upgrade/tag-pattern.ts';
import { compileRegex } from '../../../src/domain/tag-regex.ts';

const matches = (pattern: string, match: TagMatch, tag: string): boolean | string => {
  const compiled = compileTagPattern(pattern, match);
  return compiled.kind === 'refused' ? compiled.reason : compiled.matches(tag);
};

describe('drivers/service-upgrade/tag-pattern', () => {
  it.each([
    ['v1', 'exact', 'v1', true],
    ['v1', 'exact', 'V1', false],
    ['v*', 'glob', 'v2.0', true],
    ['v1.?', 'glob', 'v1.7', true],
    ['v1.?', 'glob', 'v1x7', false],
    ['release-[0-9][0-9]', 'glob', 'release-42', true],
    ['[!v]*', 'glob', 'v2', false],
    ['[!v]*', 'glob', 'latest', true],
    ['v+1', 'glob', 'vv1', false],
    ['^v\\d+\\.\\d+$', 'regex', 'v1.20', true],
    ['v1', 'regex', 'v10', false],
    ['(main|master)-[0-9a-f]{7,40}', 'regex', 'main-0a1b2c3', true],
    ['(main|master)-[0-9a-f]{7,40}', 'regex', 'main-0a1b2', false],
    ['[^-]+', 'regex', 'a-b', false],
    ['\\$', 'regex', '$', true],
    ['^1.2', 'semver', '1.9.3', true],
    ['^1.2', 'semver', '2.0.0', false],
    ['^0.2.3', 'semver', '0.2.9', true],
    ['^0.2.3', 'semver', '0.3.0', false],
    ['~1.2.3', 'semver', 'v1.2.30', true],
    ['~1.2.3', 'semver', '1.3.0', false],
    ['1.x', 'semver', '1.99.0', true],
    ['>=1.2 <2', 'semver', '1.2.0', true],
    ['>= 1.2 < 2', 'semver', '2.0.0', false],
    ['1.2 - 1.4', 'semver', '1.4.7', true],
    ['1.2.3 || >=2', 'semver', '2.1.0', true],
    ['>1', 'semver', '1.5.0', false],
    ['^1.2', 'semver', '1.3.0-rc.1', false],
    ['>=1.3.0-rc.1', 'semver', '1.3.0-rc.2', true],
    ['>=1.3.0-rc.2', 'semver', '1.3.0-rc.10', true],
    ['*', 'semver', '1.2', false],
    ['*', 'semver', 'latest', false],
  ] as const)('%s as %s of %s is %s', (pattern, match, tag, expected) => {
    expect(matches(pattern, match, tag)).toBe(expected);
  });

  it.each([
    ['(', 'regex', 'parenthesis is not closed'],
    [')', 'regex', 'closed that was not opened'],
    ['[a', 'regex', 'bracket is not closed'],
    ['*a', 'regex', 'nothing to apply to'],
    ['a**', 'regex', 'quantifier follows another'],
    ['(?=a)b', 'regex', 'not supported'],
    ['(a)\\1', 'regex', 'not supported'],
    ['a{5,2}', 'regex', 'no range'],
    ['a{1000}', 'regex', 'no range'],
    ['((a{100}){100}){100}', 'regex', 'simplify'],
    ['z-a]', 'regex', 'nothing to apply to'],
    ['[z-a]', 'regex', 'wrong way round'],
    ['a^b', 'regex', 'only at the beginning'],
    ['x'.repeat(201), 'regex', 'at most 200'],
    ['not-a-version', 'semver', 'no range'],
    ['1.2.3 ||', 'semver', 'no range'],
    ['-x', 'exact', 'no tag'],
    ['v*', 'exact', 'no tag'],
  ] as const)('refuses %s as %s', (pattern, match, reason) => {
    expect(matches(pattern, match, 'v1')).toContain(reason);
  });

  it.each(['(a+)+', '(a|a)*', '(a|aa)+', '(.*)*', '(a*)*b', '([a-z]+)*'])(
    'answers %s in a moment, which takes a backtracking matcher for ever',
    (pattern) => {
      const startedMs = performance.now();

      matches(pattern, 'regex', `${'a'.repeat(127)}!`);

      expect(performance.now() - startedMs).toBeLessThan(1_000);
    },
  );

  it('agrees with the built-in expressions on whatever both understand', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '1', '(?:a|b1)', '(ab)');
    const part = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?'))
      .map((pair) => pair.join(''));
    const pattern = fc
      .array(
        fc.array(part, { maxLength: 4 }).map((parts) => parts.join('')),
        { minLength: 1, maxLength: 3 },
      )
      .map((options) => options.join('|'));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-'), maxLength: 10 });

    fc.assert(
      fc.property(pattern, text, (given, tag) => {
        expect(compileRegex(given)(tag)).toBe(new RegExp(`^(?:${given})$`).test(tag));
      }),
      { numRuns: 2_000 },
    );
  });
});
