import { describe, expect, it } from '@jest/globals';
import { section } from './support/markdown.ts';
import { readText, trackedFiles } from './support/repository.ts';

const heading = '## Faults of the old service, and the tests that keep them away';

interface Row {
  readonly which: string;
  readonly file: string;
  readonly test: string;
}

function rows(): readonly Row[] {
  return section(readText('docs/compatibility.md'), heading)
    .split('\n')
    .flatMap((line): Row[] => {
      const [which = '', , , named = ''] = line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim());
      const [, file, test] = /^`([^`]+)`: (.+)$/.exec(named) ?? [];
      return file === undefined || test === undefined ? [] : [{ which, file, test: test.replaceAll('\\|', '|') }];
    });
}

describe("the old service's faults", () => {
  it('have each a test of that name', () => {
    const files = new Set(trackedFiles());

    expect(rows().filter(({ file, test }) => !files.has(file) || !readText(file).includes(test))).toEqual([]);
  });

  it.each([
    ['read', 18],
    ['measured', 11],
    ['fault', 10],
    ['hosts', 10],
  ])('are all there that were %s', (kind, count) => {
    const numbers = rows().flatMap(({ which }) => (which.startsWith(`${kind} `) ? [Number(which.split(' ')[1])] : []));

    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  });
});
