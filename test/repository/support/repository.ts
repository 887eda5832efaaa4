import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the checkout, with a slash at its end. */
export const root = new URL('../../../', import.meta.url);

/** A file of the repository as text. */
export function readText(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** Every file that git tracks and that is there, relative to the root. */
export function trackedFiles(): readonly string[] {
  const options = { cwd: fileURLToPath(root), encoding: 'utf8' } as const;
  const list = (...args: string[]): string[] =>
    execFileSync('git', ['ls-files', '-z', ...args], options)
      .split('\0')
      .filter((path) => path !== '');
  const deleted = new Set(list('--deleted'));
  return list().filter((path) => !deleted.has(path));
}
