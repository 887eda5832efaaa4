import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { outcomes } from '../../src/domain/outcome.ts';
import { drivers } from '../../src/drivers/drivers.ts';
import { formats } from '../../src/formats/formats.ts';
import { namedRows, section } from './support/markdown.ts';
import { readText, root } from './support/repository.ts';

interface Found {
  readonly file: string;
  readonly id: string;
  readonly value: unknown;
}

/** Everything that the modules of a folder export and that has all of these methods. */
async function findIn(folder: string, methods: readonly string[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const name of readdirSync(new URL(folder, root)).filter((name) => name.endsWith('.ts'))) {
    const module = (await import(new URL(`${folder}/${name}`, root).href)) as Readonly<Record<string, unknown>>;
    for (const value of Object.values(module)) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
      const fields = value as Readonly<Record<string, unknown>>;
      if (methods.every((method) => typeof fields[method] === 'function'))
        found.push({ file: basename(name, '.ts'), id: String(fields['id']), value });
    }
  }
  return found;
}

const kebab = (id: string): string => id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

describe('the list of drivers', () => {
  it('holds every driver of its folder, once, each in the file of its name', async () => {
    const found = await findIn('src/drivers', ['plan', 'converge', 'targets']);

    expect(found.map(({ id }) => id).toSorted()).toEqual(drivers.map(({ id }) => id).toSorted());
    expect(found.filter(({ file, id }) => file !== kebab(id))).toEqual([]);
    expect(found.filter(({ value }) => !drivers.some((driver) => driver === value))).toEqual([]);
  });

  it('has one row in docs/drivers.md for each, in its order', () => {
    const page = readText('docs/drivers.md');

    const [table = ''] = page.split('\n## ');

    expect(namedRows(table).map(([id]) => id)).toEqual(drivers.map(({ id }) => id));
  });

  it('has one row in docs/drivers.md for each field of each config', () => {
    const page = readText('docs/drivers.md');

    for (const { id, resourceFields } of drivers) {
      const documented = section(page, `## ${id}`).matchAll(/`(\w+)`/g);
      const names = new Set([...documented].map(([, name]) => name));
      const missing = Object.keys(resourceFields).filter((field) => field !== 'type' && !names.has(field));
      expect({ driver: id, missing }).toEqual({ driver: id, missing: [] });
    }
  });
});

describe('the list of formats', () => {
  it('holds every format of its folder, once, each in the file of its name', async () => {
    const found = await findIn('src/formats', ['recognises', 'read']);

    expect(found.map(({ id }) => id).toSorted()).toEqual(formats.map(({ id }) => id).toSorted());
    expect(found.filter(({ file, id }) => file !== kebab(id))).toEqual([]);
    expect(found.filter(({ value }) => !formats.some((format) => format === value))).toEqual([]);
  });

  it('has one row in docs/formats.md for each, in its order', () => {
    const [table = ''] = readText('docs/formats.md').split('\n## ');

    expect(namedRows(table).map(([id]) => id)).toEqual(formats.map(({ id }) => id));
  });
});

describe('the list of outcomes', () => {
  it('has one row in docs/glossary.md for each, in its order', () => {
    expect(namedRows(section(readText('docs/glossary.md'), '## Outcomes')).map(([outcome]) => outcome)).toEqual([
      ...outcomes,
    ]);
  });
});
