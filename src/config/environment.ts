import { readFileSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import type { Mistake } from './mistakes.ts';
import { variables } from './variables.ts';

/** Variables as the system gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process, as it was when asked. */
export function currentEnvironment(): Environment {
  return Object.freeze({ ...process.env });
}

export interface ResolvedEnvironment {
  /** Known variables that are set; those with `_FILE` replaced by what the file holds. */
  readonly values: Environment;
  readonly mistakes: readonly Mistake[];
}

/**
 * Picks the known variables and reads the files of `<secret>_FILE`. An empty variable counts as not set, because compose
 * files pass `NAME=` for what nobody filled in.
 */
export function resolveEnvironment(environment: Environment): ResolvedEnvironment {
  const values: Record<string, string> = {};
  const mistakes: Mistake[] = [];
  for (const { name } of variables) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== '') values[name] = value;
  }
  for (const { name } of variables.filter((variable) => variable.isSecret)) {
    const path = values[`${name}_FILE`];
    if (path === undefined) continue;
    if (values[name] !== undefined) {
      mistakes.push({
        variable: `${name}_FILE`,
        problem: `${name} is set, too`,
        remedy: 'set only one of the two',
      });
      continue;
    }
    const content = readTextFile(path, `${name}_FILE`, mistakes);
    if (content === '') {
      mistakes.push({
        variable: `${name}_FILE`,
        problem: `the file "${path}" is empty`,
        remedy: 'put the secret into it',
      });
    } else if (content !== undefined) {
      values[name] = content;
    }
  }
  return { values, mistakes };
}

/** The trimmed text of the file `variable` names; undefined, and a mistake noted, when it cannot be read. */
export function readTextFile(path: string, variable: string, mistakes: Mistake[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const reason = isNativeError(error) && 'code' in error ? String(error.code) : 'unknown reason';
    mistakes.push({
      variable,
      problem: `the file "${path}" cannot be read (${reason})`,
      remedy: 'name a file that this user may read',
    });
    return undefined;
  }
}
