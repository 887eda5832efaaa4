import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { variables } from '../../src/config/variables.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .filter((cells) => /^`[A-Z_]+`$/.test(cells[1] ?? ''))
  .map(([, name = '', fallback]) => ({ name: name.replaceAll('`', ''), fallback }));

describe('docs/configuration.md', () => {
  it('has one row for each variable, with its default, in order', () => {
    expect(rows).toEqual(variables.map(({ name, fallback }) => ({ name, fallback })));
  });
});
