import { isTag } from './image-reference.ts';
import { compileRange, RangeRefused } from './semver-range.ts';
import { compileRegex } from './tag-regex.ts';
import { RegexRefused } from './tag-regex-parser.ts';

/** How `tag` is to be read. `exact` is all the old service knew. */
export const tagMatches = ['exact', 'glob', 'regex', 'semver'] as const;

export type TagMatch = (typeof tagMatches)[number];

export type TagPattern =
  | { readonly kind: 'pattern'; readonly matches: (tag: string) => boolean }
  | { readonly kind: 'refused'; readonly reason: string };

const longestPattern = 200;

/** Compiles a receiver's tag. A pattern covers the whole tag; it is matched in linear time or refused. */
export function compileTagPattern(tag: string, match: TagMatch): TagPattern {
  if (tag.length > longestPattern) {
    return {
      kind: 'refused',
      reason: `it has ${String(tag.length)} characters; use at most ${String(longestPattern)}`,
    };
  }
  try {
    return { kind: 'pattern', matches: compile(tag, match) };
  } catch (error) {
    if (error instanceof RegexRefused || error instanceof RangeRefused)
      return { kind: 'refused', reason: error.message };
    throw error;
  }
}

function compile(tag: string, match: TagMatch): (given: string) => boolean {
  switch (match) {
    case 'exact':
      return (given) => given === tag;
    case 'glob':
      return compileRegex(globAsRegex(tag));
    case 'regex':
      return compileRegex(tag);
    case 'semver': {
      const isWithin = compileRange(tag);
      return (given) => isTag(given) && isWithin(given);
    }
  }
}

/** `*` is any characters, `?` is one, `[a-z]` and `[!a-z]` one of a set; the rest stands for itself. */
function globAsRegex(glob: string): string {
  return glob.replaceAll(/\[!?[^\]]+\]|[\s\S]/g, (piece) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    if (piece.length > 1) return piece.startsWith('[!') ? `[^${piece.slice(2)}` : piece;
    return /[\\^$.|+(){}[\]]/.test(piece) ? `\\${piece}` : piece;
  });
}
