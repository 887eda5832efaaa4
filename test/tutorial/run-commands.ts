import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CommandBlock } from './markdown-commands.ts';

/** Runs the blocks in one shell, as a reader does, and answers what each of them printed. */
export async function runInOrder(
  blocks: readonly CommandBlock[],
  environment: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const separator = '=== end of block ===';
  const script = blocks.map(({ commands }) => `${commands}\necho\necho '${separator}'`).join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    timeout: 90_000,
  });
  return stdout.split(separator);
}

/** The first of `parts` that does not follow the ones before it in `printed`. */
export function missingPart(printed: string, parts: readonly string[]): string | undefined {
  let from = 0;
  for (const part of parts) {
    const at = printed.indexOf(part, from);
    if (at === -1) return part;
    from = at + part.length;
  }
  return undefined;
}
