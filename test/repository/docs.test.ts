import { existsSync, statSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { anchors, linkTargets } from './support/markdown.ts';
import { readText, root, trackedFiles } from './support/repository.ts';

const pages = trackedFiles().filter((path) => path.endsWith('.md') && !path.startsWith('test/fixtures/'));
const scripts = Object.keys((JSON.parse(readText('package.json')) as { scripts: Record<string, string> }).scripts);

/** Why a link of a page leads nowhere; undefined when it leads somewhere, or out of the repository. */
function broken(page: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? new URL(page, root) : new URL(path, new URL(page, root));
  if (!existsSync(file)) return `${page}: ${target} does not exist`;
  if (anchor === undefined || !statSync(file).isFile()) return undefined;
  const isThere = anchors(readText(file.href.slice(root.href.length))).includes(decodeURIComponent(anchor));
  return isThere ? undefined : `${page}: ${target} has no such heading`;
}

describe('the pages', () => {
  it('have links that lead somewhere', () => {
    const links = pages.flatMap((page) => linkTargets(readText(page)).map((target) => ({ page, target })));

    expect(links.length).toBeGreaterThan(40);
    expect(links.flatMap(({ page, target }) => broken(page, target) ?? [])).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    const named = pages.flatMap((page) =>
      [...readText(page).matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, script = '']) => ({ page, script })),
    );

    expect(named.filter(({ script }) => !scripts.includes(script))).toEqual([]);
  });
});

describe.each(['README.md', 'README.zh-CN.md'])('%s', (readme) => {
  it('gives the two commands, and they exist', () => {
    const page = readText(readme);

    expect(page).toContain('$ npm ci && npm start\n');
    expect(page).toContain('$ npm ci && npm test\n');
    expect(scripts).toEqual(expect.arrayContaining(['start', 'test']));
  });

  it('leads to every page of the documentation', () => {
    const targets = new Set(linkTargets(readText(readme)));
    const isInOtherLanguage = (page: string): boolean =>
      readme === 'README.md' ? page.endsWith('.zh-CN.md') : pages.includes(page.replace(/\.md$/, '.zh-CN.md'));
    const wanted = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && !isInOtherLanguage(page));

    expect(wanted.filter((page) => !targets.has(page))).toEqual([]);
  });
});

describe('docs/adr', () => {
  const decisions = pages.filter((page) => /^docs\/adr\/\d{4}-/.test(page));

  it('gives each decision a number of its own and lists it', () => {
    const listed = new Set(linkTargets(readText('docs/adr/README.md')));
    const numbers = decisions.map((page) => page.slice('docs/adr/'.length, 'docs/adr/0000'.length));

    expect(new Set(numbers).size).toBe(decisions.length);
    expect(decisions.filter((page) => !listed.has(page.slice('docs/adr/'.length)))).toEqual([]);
  });

  it.each(decisions)('%s is dated and says what was rejected', (page) => {
    expect(readText(page)).toMatch(/^Accepted \d{4}-\d{2}-\d{2}\.$/m);
    expect(readText(page)).toMatch(/Rejected/);
  });
});
