/** One block of commands of a page, and parts of what it prints, in order. */
export interface CommandBlock {
  /** Line of the page on which the block begins, counted from 1. */
  readonly line: number;
  readonly commands: string;
  readonly prints: readonly string[];
}

const arrow = '# → ';

/** Every block of a page that is marked `sh`; lines that begin with `# →` are what is printed. */
export function readCommandBlocks(page: string): readonly CommandBlock[] {
  const blocks: CommandBlock[] = [];
  let open: { readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, text] of page.split('\n').entries()) {
    if (open === undefined) {
      if (text === '```sh') open = { line: index + 2, lines: [] };
    } else if (text === '```') {
      const prints = open.lines.filter((line) => line.startsWith(arrow)).map((line) => line.slice(arrow.length));
      blocks.push({ line: open.line, commands: open.lines.join('\n'), prints });
      open = undefined;
    } else open.lines.push(text);
  }
  return blocks;
}
