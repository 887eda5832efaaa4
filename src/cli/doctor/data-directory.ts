import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { findSystemError } from '../system-errors.ts';
import { failed, ok, type Finding } from './finding.ts';

const check = 'data directory';

/** Whether the database could be kept there; nothing is created. `path` is absolute. */
export function examineDataDirectory(path: string): Finding {
  const nearest = nearestExisting(path);
  const remedy = `set DATA_DIR to a directory this user may write to, or change who owns "${nearest}"`;
  if (!statSync(nearest).isDirectory())
    return failed(check, `"${nearest}" is not a directory`, 'set DATA_DIR to a directory');
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
  } catch (error) {
    return failed(
      check,
      `"${nearest}" cannot be written to (${findSystemError(error)?.code ?? 'no reason given'})`,
      remedy,
    );
  }
  return ok(check, nearest === path ? `"${path}" can be written to` : `"${path}" can be made`);
}

function nearestExisting(path: string): string {
  let nearest = path;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  return nearest;
}
