/** The cells of every table row of a page whose first cell is one word in backquotes, that word without them. */
export function namedRows(page: string): readonly (readonly string[])[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([name = '']) => /^`[^`\s]+`$/.test(name))
    .map(([name = '', ...cells]) => [name.slice(1, -1), ...cells]);
}

/** The part of a page under the heading that reads `heading`, up to the next heading of its level; all when none is given. */
export function section(page: string, heading: string): string {
  const start = page.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`there is no heading ${heading}`);
  const level = heading.slice(0, heading.indexOf(' ') + 1);
  const end = page.indexOf(`\n${level}`, start + heading.length);
  return page.slice(start, end === -1 ? undefined : end);
}

/** What a page's links lead to, as they are written; fenced code holds none. */
export function linkTargets(page: string): readonly string[] {
  const prose = page.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors of a page's headings, as the usual hosts make them. */
export function anchors(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}
