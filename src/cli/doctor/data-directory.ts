import { lstatSync, mkdtempSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { findSystemError } from '../system-errors.ts';
import { failed, ok, type Finding } from './finding.ts';

const check = 'data directory';
const remedy = 'set DATA_DIR to a directory this user may write to, or change its rights';

/**
 * Whether `serve` could keep the database there. `path` is absolute. It is tried with a directory and a file of another name, which are
 * removed again: rights alone do not tell, since root has all of them in /proc, too, where nothing can be made.
 */
export function examineDataDirectory(path: string): Finding {
  const isThere = kindOf(path) !== 'nothing';
  // `serve` makes this one directory and no parents.
  const place = isThere ? path : dirname(path);
  if (kindOf(place) === 'nothing') {
    return failed(check, `"${path}" cannot be made, "${place}" is not there`, 'make that, or set DATA_DIR to another');
  }
  if (kindOf(place) !== 'directory')
    return failed(check, `"${place}" is not a directory`, 'set DATA_DIR to a directory');
  const trouble = tryToWrite(place, isThere ? 'file' : 'directory');
  if (trouble === undefined) return ok(check, `"${path}" can be ${isThere ? 'written to' : 'made'}`);
  return failed(check, `"${path}" cannot be ${isThere ? 'written to' : 'made'} (${trouble})`, remedy);
}

function kindOf(path: string): 'directory' | 'other' | 'nothing' {
  if (found(() => statSync(path))?.isDirectory()) return 'directory';
  // Also a link that leads nowhere is there: no directory can be made in its place.
  return found(() => lstatSync(path)) === undefined ? 'nothing' : 'other';
}

function found(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** What kept a file from being made in `place`, or in a new directory there; undefined when nothing did. Nothing is left behind. */
function tryToWrite(place: string, what: 'file' | 'directory'): string | undefined {
  const name = '.receiver-hooks-doctor-';
  let made: string | undefined;
  try {
    if (what === 'directory') made = mkdtempSync(join(place, name));
    const file = join(made ?? place, `${name}${String(process.pid)}`);
    made ??= file;
    writeFileSync(file, '', { flag: 'wx' });
    return undefined;
  } catch (error) {
    return findSystemError(error)?.code ?? 'no reason given';
  } finally {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
}
