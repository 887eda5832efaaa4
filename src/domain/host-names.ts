/** A DNS label, and thus a hostname's first part, has at most so many characters; Aliyun allows more (2 to 128). */
const longestLabel = 63;
/** Longer runs of digits are a date or a serial number: only their last digits are counted up. */
const mostDigits = 9;
const fallbackName = 'scaledhost';

interface CountedName {
  readonly prefix: string;
  /** Absent when the name ends without digits. */
  readonly number?: number;
  /** How many digits the number was written with. */
  readonly width: number;
  /** What follows the first part of a name with a domain, dot included. */
  readonly domain: string;
}

/**
 * `count` hostnames that continue the series of `base`: its prefix, and numbers above every one that a name in `taken` has
 * (`web-09` → `web-10`, `node` → `node2` as the old service began). No name collides with one in `taken`, whatever its case;
 * none is longer than a DNS label; all begin with a letter, as Aliyun demands. Padding is kept.
 *
 * The old service cut the number off as a set of characters (`TrimRight`, host110 became host), took the newest host's
 * number wherever the prefix occurred in its name (#7962) and looped at 9 (#7983).
 */
export function nextHostNames(base: string | undefined, taken: Iterable<string>, count: number): readonly string[] {
  const used = new Set([...taken].map((name) => name.toLowerCase()));
  const { prefix: whole, number, width, domain } = splitName(cleanName(base ?? ''));
  const prefix = whole.slice(0, longestLabel - Math.max(width, mostDigits) - 1);
  const first = number ?? (base === undefined ? 0 : 1);
  let last = Math.max(first, highestNumber(used, prefix.toLowerCase()));
  const names: string[] = [];
  while (names.length < count) {
    last += 1;
    const name = `${prefix}${String(last).padStart(width, '0')}${domain}`;
    if (!used.has(name.toLowerCase())) names.push(name);
  }
  return names;
}

function splitName(name: string): CountedName {
  const dot = name.indexOf('.');
  const label = dot === -1 ? name : name.slice(0, dot);
  const domain = dot === -1 ? '' : name.slice(dot);
  const digits = new RegExp(`\\d{1,${String(mostDigits)}}$`).exec(label)?.[0];
  if (digits === undefined) return { prefix: label, width: 0, domain };
  const prefix = label.slice(0, label.length - digits.length);
  return { prefix, number: Number(digits), width: digits.length, domain };
}

/** The highest number among names that are exactly this prefix and a number; `myapp7` is none of the series `app`. */
function highestNumber(names: Iterable<string>, prefix: string): number {
  let highest = 0;
  for (const name of names) {
    const split = splitName(name);
    if (split.prefix === prefix && split.number !== undefined) highest = Math.max(highest, split.number);
  }
  return highest;
}

/** A display name as a hostname could be: `Nice Name 6` → `Nice-Name-6`. */
function cleanName(name: string): string {
  const clean = name
    .replaceAll(/[^A-Za-z0-9.-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .replace(/^[-.]+/, '')
    .replace(/[-.]+$/, '');
  if (clean === '') return fallbackName;
  return /^[A-Za-z]/.test(clean) ? clean : `h${clean}`;
}
