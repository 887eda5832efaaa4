import { satisfies, validRange } from 'semver';
import { isTag } from '../../domain/image-reference.ts';
import { compileRegex } from '../../domain/tag-regex.ts';
import { RegexRefused } from '../../domain/tag-regex-parser.ts';

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
    return refused(`it has ${String(tag.length)} characters; use at most ${String(longestPattern)}`);
  }
  switch (match) {
    case 'exact':
      return isTag(tag) ? { kind: 'pattern', matches: (given) => given === tag } : refused('it is no tag');
    case 'glob':
      return regexPattern(globAsRegex(tag));
    case 'regex':
      return regexPattern(tag);
    case 'semver':
      return rangePattern(tag);
  }
}

function regexPattern(regex: string): TagPattern {
  try {
    return { kind: 'pattern', matches: compileRegex(regex) };
  } catch (error) {
    if (error instanceof RegexRefused) return refused(error.message);
    throw error;
  }
}

function rangePattern(range: string): TagPattern {
  // To the library an empty alternative is any version: a slip of the pen must not upgrade to everything.
  const isWhole = range.split('||').every((alternative) => alternative.trim() !== '');
  if (!isWhole || validRange(range) === null) return refused('it is no range such as ^1.2, ~1.2.3 or >=1.2 <2');
  return { kind: 'pattern', matches: (given) => isTag(given) && satisfies(given, range) };
}

function refused(reason: string): TagPattern {
  return { kind: 'refused', reason };
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
