import type { z } from 'zod';
import type { Mistake } from './mistake.ts';

type Issue = z.core.$ZodIssue;

/** Says what the shape of a configuration lacks, in the same words as the sense checks: path, value, problem, remedy. */
export function shapeMistakes(error: z.ZodError, configuration: unknown): Mistake[] {
  return error.issues.flatMap((issue) => describeIssue(issue, configuration));
}

function describeIssue(issue: Issue, configuration: unknown): Mistake[] {
  const value = valueAt(configuration, issue.path);
  const at = { path: showPath(issue.path), value };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: showPath([...issue.path, key]),
      value: valueAt(configuration, [...issue.path, key]),
      problem: 'nothing is called that',
      remedy: 'correct the spelling or remove it; infra/README.md lists every name',
    }));
  }
  if (value === undefined) {
    return [
      { ...at, problem: 'it is missing', remedy: `add it${expectation(issue)}; infra.config.example.json shows one` },
    ];
  }
  if (issue.code === 'invalid_union' && issue.discriminator === undefined && issue.errors.length > 0) {
    // The nearest branch is the one that understood most of the value; its complaint is the useful one.
    const nearest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? [];
    return nearest.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, configuration));
  }
  return [{ ...at, problem: issue.message.toLowerCase(), remedy: `write${expectation(issue) || ' another value'}` }];
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return ` ${article(issue.expected)}`;
    case 'invalid_value':
      return ` one of ${issue.values.map(quote).join(', ')}`;
    case 'invalid_union':
      return 'options' in issue && issue.options ? ` one of ${issue.options.map(quote).join(', ')}` : '';
    case 'too_small':
      return ` at least ${issue.minimum}`;
    case 'too_big':
      return ` at most ${issue.maximum}`;
    default:
      return '';
  }
}

function quote(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function article(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

/** `pools[0].labels`. */
function showPath(path: readonly PropertyKey[]): string {
  const shown = path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
  return shown || '(the whole file)';
}

function valueAt(configuration: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (value === null || typeof value !== 'object') return undefined;
    return (value as Record<PropertyKey, unknown>)[key];
  }, configuration);
}
