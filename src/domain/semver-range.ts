/** A version as in a tag: `1.2.3`, `v1.2.3`, `1.2.3-rc.1`. Build metadata cannot stand in a tag. */
export interface Version {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: readonly string[];
}

/** Why a range cannot be used. */
export class RangeRefused extends Error {}

type Test = { readonly operator: '<' | '<=' | '>' | '>=' | '='; readonly version: Version };

const versionShape = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;
const partialShape =
  /^(\^|~|>=|<=|>|<|=)?\s*v?(\d{1,9}|[xX*])(?:\.(\d{1,9}|[xX*])(?:\.(\d{1,9}|[xX*])(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?)?)?$/;

/** Reads a whole version; undefined for anything else, such as `latest` or `1.2`. */
export function parseVersion(text: string): Version | undefined {
  const found = versionShape.exec(text);
  if (found === null) return undefined;
  return version([Number(found[1]), Number(found[2]), Number(found[3])], found[4]);
}

/** Below 0, 0 or above 0, by the rules of semver.org §11: a pre-release comes before its version. */
export function compareVersions(a: Version, b: Version): number {
  for (const index of [0, 1, 2] as const) {
    const difference = a.numbers[index] - b.numbers[index];
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  for (let index = 0; index < Math.max(a.prerelease.length, b.prerelease.length); index += 1) {
    const difference = compareIdentifiers(a.prerelease[index], b.prerelease[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Compiles a range in npm's words: `^1.2`, `~1.2.3`, `1.x`, `>=1.2.0 <2`, `1.2 - 1.4`, several joined by `||`, `*`. A pre-release
 * counts only where the range itself names one of the same version, so `^1.2` never takes `1.3.0-rc.1`.
 * @throws RangeRefused
 */
export function compileRange(range: string): (text: string) => boolean {
  const alternatives = range.split('||').map((part) => alternative(part.trim()));
  return (text) => {
    const given = parseVersion(text);
    return given !== undefined && alternatives.some((tests) => isWithin(given, tests));
  };
}

function isWithin(given: Version, tests: readonly Test[]): boolean {
  if (!tests.every((test) => holds(given, test))) return false;
  if (given.prerelease.length === 0) return true;
  return tests.some(
    ({ version: named }) =>
      named.prerelease.length > 0 && named.numbers.every((number, index) => number === given.numbers[index]),
  );
}

function holds(given: Version, { operator, version: bound }: Test): boolean {
  const order = compareVersions(given, bound);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '=':
      return order === 0;
  }
}

function alternative(text: string): readonly Test[] {
  if (text === '') throw new RangeRefused('a part of it is empty; use * for any version');
  const span = /^(\S+)\s+-\s+(\S+)$/.exec(text);
  if (span?.[1] !== undefined && span[2] !== undefined)
    return [...comparator(`>=${span[1]}`), ...comparator(`<=${span[2]}`)];
  return text
    .replaceAll(/(\^|~|>=|<=|>|<|=)\s+/g, '$1')
    .split(/\s+/)
    .flatMap(comparator);
}

function comparator(text: string): readonly Test[] {
  const found = partialShape.exec(text);
  if (found === null)
    throw new RangeRefused(`${JSON.stringify(text)} is no version or range such as ^1.2, ~1.2.3 or >=1.2 <2`);
  const [, operator = '', ...pieces] = found;
  const [major, minor, patch] = pieces
    .slice(0, 3)
    .map((piece) => (/^\d/.test(piece ?? '') ? Number(piece) : undefined));
  const lowest = version([major ?? 0, minor ?? 0, patch ?? 0], pieces[3]);
  if (major === undefined) return [at('>=', lowest)];
  const afterGiven = minor === undefined ? above(major) : patch === undefined ? above(major, minor) : undefined;
  switch (operator) {
    case '^':
      return [at('>=', lowest), at('<', afterCaret(major, minor, patch))];
    case '~':
      return [at('>=', lowest), at('<', minor === undefined ? above(major) : above(major, minor))];
    case '>':
      return [afterGiven === undefined ? at('>', lowest) : at('>=', afterGiven)];
    case '<=':
      return [afterGiven === undefined ? at('<=', lowest) : at('<', afterGiven)];
    case '>=':
    case '<':
      return [at(operator, lowest)];
    default:
      return afterGiven === undefined ? [at('=', lowest)] : [at('>=', lowest), at('<', afterGiven)];
  }
}

/** `^` keeps the first number that is not 0. */
function afterCaret(major: number, minor: number | undefined, patch: number | undefined): Version {
  if (major > 0 || minor === undefined) return above(major);
  if (minor > 0 || patch === undefined) return above(major, minor);
  return version([major, minor, patch + 1], undefined);
}

function above(major: number, minor?: number): Version {
  return version(minor === undefined ? [major + 1, 0, 0] : [major, minor + 1, 0], undefined);
}

function at(operator: Test['operator'], bound: Version): Test {
  return { operator, version: bound };
}

function version(numbers: Version['numbers'], prerelease: string | undefined): Version {
  return { numbers, prerelease: prerelease === undefined ? [] : prerelease.split('.') };
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA && isNumberB) return Number(a) - Number(b);
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
