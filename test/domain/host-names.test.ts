import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { nextHostNames } from '../../src/domain/host-names.ts';

describe('domain/host-names', () => {
  it.each([
    ['counts on', 'web-2', ['web-1', 'web-2'], ['web-3', 'web-4']],
    ['begins with 2 where the base has no number, as the old service did', 'node', ['node'], ['node2', 'node3']],
    ['goes from 9 to 10 (#7983)', 'host9', ['host9'], ['host10', 'host11']],
    ['keeps padding', 'web-09', ['web-09'], ['web-10', 'web-11']],
    ['keeps padding over its end', 'web-099', ['web-099'], ['web-100', 'web-101']],
    ['cuts off the number only, not its digits wherever they are', 'host110', ['host110'], ['host111', 'host112']],
    [
      'goes above the highest number of the series, not the newest host’s (#7962)',
      'web-1',
      ['web-7', 'web-1'],
      ['web-8', 'web-9'],
    ],
    ['does not take another series for its own', 'app1', ['app1', 'myapp7', 'app-9'], ['app2', 'app3']],
    ['avoids names outside the group, whatever their case', 'web-1', ['web-1', 'WEB-2'], ['web-3', 'web-4']],
    ['takes padded and plain numbers for one series', 'web-02', ['web-02', 'web-3'], ['web-04', 'web-05']],
    [
      'numbers the first part of a name with a domain',
      'web-1.example.com',
      ['web-1.example.com'],
      ['web-2.example.com', 'web-3.example.com'],
    ],
    ['makes a hostname of a display name', 'Nice Name 6', ['Nice Name 6'], ['Nice-Name-7', 'Nice-Name-8']],
    ['begins with a letter', '10web-1', [], ['h10web-2', 'h10web-3']],
    ['counts the end of a serial number only', 'm-20261123120000', [], ['m-20261123120001', 'm-20261123120002']],
  ])('%s', (_, base, taken, names) => {
    expect(nextHostNames(base, taken, 2)).toEqual(names);
  });

  it('begins a series of its own where there is nothing to continue', () => {
    expect(nextHostNames(undefined, ['scaledhost1'], 2)).toEqual(['scaledhost2', 'scaledhost3']);
    expect(nextHostNames(undefined, [], 1)).toEqual(['scaledhost1']);
  });

  it('gives only new names, which every machine driver takes', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 80, unit: 'binary' }),
      fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,70}[0-9]{0,12}$/),
    );
    fc.assert(
      fc.property(
        fc.option(name, { nil: undefined }),
        fc.array(name),
        fc.integer({ min: 0, max: 30 }),
        (base, taken, count) => {
          const names = nextHostNames(base, taken, count);
          const used = new Set(taken.map((one) => one.toLowerCase()));
          expect(new Set(names.map((one) => one.toLowerCase())).size).toBe(count);
          for (const one of names) {
            expect(used.has(one.toLowerCase())).toBe(false);
            expect(one).toMatch(/^[A-Za-z][A-Za-z0-9-]{0,62}(\.[A-Za-z0-9.-]+)?$/);
          }
        },
      ),
    );
  });
});
