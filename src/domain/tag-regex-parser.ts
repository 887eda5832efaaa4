/** A parsed regular expression over single characters. */
export type RegexNode =
  | { readonly kind: 'set'; readonly has: (code: number) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly part: RegexNode; readonly atLeast: number; readonly atMost: number };

/** Why a pattern cannot be used; the message goes on after "Invalid tag …: ". */
export class RegexRefused extends Error {}

type Has = (code: number) => boolean;

const code = (character: string): number => character.charCodeAt(0);
const between = (from: string, to: string): Has => {
  const [low, high] = [code(from), code(to)];
  return (at) => at >= low && at <= high;
};
const anyOf =
  (...sets: readonly Has[]): Has =>
  (at) =>
    sets.some((has) => has(at));
const not =
  (has: Has): Has =>
  (at) =>
    !has(at);
const digit = between('0', '9');
const word = anyOf(digit, between('a', 'z'), between('A', 'Z'), (at) => at === code('_'));
const classes: Readonly<Record<string, Has>> = { d: digit, D: not(digit), w: word, W: not(word) };

const mostRepetitions = 128;

/**
 * Parses the part of JavaScript's regular expressions that can be matched in linear time: characters, `.`, `\d \w`, `[…]`,
 * groups, `|`, `* + ? {n,m}`. What needs backtracking (references, look-around) is refused. `^` and `$` may stand at the ends.
 * @throws RegexRefused
 */
export function parseRegex(pattern: string): RegexNode {
  const text = pattern.replace(/^\^/, '').replace(/(?<!\\)((?:\\\\)*)\$$/, '$1');
  let at = 0;

  const choice = (): RegexNode => {
    const options = [sequence()];
    while (text[at] === '|') {
      at += 1;
      options.push(sequence());
    }
    return options.length === 1 && options[0] !== undefined ? options[0] : { kind: 'choice', options };
  };

  const sequence = (): RegexNode => {
    const parts: RegexNode[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') parts.push(repetition());
    return { kind: 'sequence', parts };
  };

  const repetition = (): RegexNode => {
    const part = atom();
    const [atLeast, atMost] = quantifier() ?? [];
    if (atLeast === undefined || atMost === undefined) return part;
    if (text[at] === '?') at += 1;
    if (/[*+?{]/.test(text[at] ?? ''))
      throw new RegexRefused('a quantifier follows another; put the first into a group');
    return { kind: 'repeat', part, atLeast, atMost };
  };

  const quantifier = (): readonly [number, number] | undefined => {
    const simple: Readonly<Record<string, readonly [number, number]>> = {
      '*': [0, Infinity],
      '+': [1, Infinity],
      '?': [0, 1],
    };
    const found = simple[text[at] ?? ''];
    if (found !== undefined) {
      at += 1;
      return found;
    }
    const counted = /^\{(\d+)(?:(,)(\d*))?\}/.exec(text.slice(at));
    if (counted === null) return undefined;
    at += counted[0].length;
    const low = Number(counted[1]);
    const high = counted[2] === undefined ? low : counted[3] === '' ? Infinity : Number(counted[3]);
    if (low > mostRepetitions || (high !== Infinity && high > mostRepetitions) || high < low) {
      throw new RegexRefused(`${counted[0]} is no range within 0 to ${String(mostRepetitions)}`);
    }
    return [low, high];
  };

  const atom = (): RegexNode => {
    const character = text[at] ?? '';
    at += 1;
    switch (character) {
      case '(':
        return group();
      case '[':
        return { kind: 'set', has: characterClass() };
      case '.':
        return { kind: 'set', has: () => true };
      case '\\':
        return { kind: 'set', has: escaped() };
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        throw new RegexRefused(`${character} has nothing to apply to; write \\${character} for the character itself`);
      case '^':
      case '$':
        throw new RegexRefused(`${character} may stand only at the ${character === '^' ? 'beginning' : 'end'}`);
      default:
        return { kind: 'set', has: (given) => given === code(character) };
    }
  };

  const group = (): RegexNode => {
    if (text.startsWith('?:', at)) at += 2;
    else if (text[at] === '?') throw new RegexRefused('look-around, named groups and flags are not supported');
    const inner = choice();
    if (text[at] !== ')') throw new RegexRefused('a parenthesis is not closed');
    at += 1;
    return inner;
  };

  const escaped = (): Has => {
    const character = text[at] ?? '';
    at += 1;
    const known = classes[character];
    if (known !== undefined) return known;
    if (character === '' || /[A-Za-z0-9]/.test(character)) {
      throw new RegexRefused(`\\${character} is not supported; use \\d, \\w or the character itself`);
    }
    return (given) => given === code(character);
  };

  const characterClass = (): Has => {
    const isNegated = text[at] === '^';
    if (isNegated) at += 1;
    const sets: Has[] = [];
    while (text[at] !== ']') {
      if (at >= text.length) throw new RegexRefused('a bracket is not closed');
      sets.push(classMember());
    }
    at += 1;
    const has = anyOf(...sets);
    return isNegated ? not(has) : has;
  };

  const classMember = (): Has => {
    const from = text[at] ?? '';
    at += 1;
    if (from === '\\') return escaped();
    const to = text[at + 1];
    if (text[at] !== '-' || to === undefined || to === ']' || to === '\\') return (given) => given === code(from);
    at += 2;
    if (code(to) < code(from)) throw new RegexRefused(`the range ${from}-${to} is the wrong way round`);
    return between(from, to);
  };

  const whole = choice();
  if (at < text.length) throw new RegexRefused('a parenthesis is closed that was not opened');
  return whole;
}
