import { describe, expect, it } from '@jest/globals';
import { errorKinds } from '../../src/domain/errors.ts';
import { namedRows } from './support/markdown.ts';
import { readText } from './support/repository.ts';

const rows = namedRows(readText('docs/errors.md')).map(([code = '', status, whose, means, remedy]) => ({
  code,
  status: Number(status),
  whose,
  isExplained: means !== '' && remedy !== '',
}));

describe('docs/errors.md', () => {
  it('has one row for each code, with its status and whose it is, in order, and no other', () => {
    const codes = Object.entries(errorKinds).map(([code, { status, whose }]) => ({
      code,
      status,
      whose,
      isExplained: true,
    }));

    expect(rows).toEqual(codes);
  });
});
