/** An expression of the Go template language, as far as our templates use it. */
export type Expression =
  | { readonly kind: 'text'; readonly text: string }
  /** `.Values.NAME` */
  | { readonly kind: 'answer'; readonly name: string }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly operands: readonly Expression[] };

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression }
  | { readonly kind: 'choice'; readonly branches: readonly Branch[] };

/** One `if` or `else if`; `else` has no condition. */
interface Branch {
  readonly condition?: Expression;
  readonly body: readonly TemplateNode[];
}

const functionNames = ['eq', 'ne', 'and', 'or', 'not'] as const;
export type FunctionName = (typeof functionNames)[number];

/** The template cannot be read; the message names the line. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

interface Piece {
  readonly line: number;
  readonly text?: string;
  readonly action?: string;
}

/**
 * Parses a Go text/template: actions with trim markers, comments, `if`, `else if`, `else`, `end`, `.Values.NAME`, strings and
 * the functions `eq ne and or not`. @throws TemplateError for everything else, so that nothing is rendered by guessing.
 */
export function parseTemplate(source: string): readonly TemplateNode[] {
  const pieces = takeApart(source);
  const { body, end } = readBody(pieces, 0, false);
  if (end < pieces.length) throw new TemplateError(`line ${String(pieces[end]?.line)}: there is no {{ if }} to this`);
  return body;
}

function takeApart(source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const action = /\{\{(-\s)?\s*((?:"(?:[^"\\]|\\.)*"|[^"}]|\}(?!\}))*?)\s*(\s-)?\}\}/g;
  let from = 0;
  let trimsNext = false;
  const lineAt = (index: number): number => source.slice(0, index).split('\n').length;
  const addText = (to: number, trimsBefore: boolean): void => {
    let text = source.slice(from, to);
    if (text.includes('{{')) throw new TemplateError(`line ${String(lineAt(from))}: {{ without an end`);
    if (trimsNext) text = text.trimStart();
    if (trimsBefore) text = text.trimEnd();
    if (text !== '') pieces.push({ line: lineAt(from), text });
  };
  for (const match of source.matchAll(action)) {
    const [whole, trimBefore, inside = '', trimAfter] = match;
    addText(match.index, trimBefore !== undefined);
    trimsNext = trimAfter !== undefined;
    from = match.index + whole.length;
    if (!/^\/\*[^]*\*\/$/.test(inside)) pieces.push({ line: lineAt(match.index), action: inside });
  }
  addText(source.length, false);
  return pieces;
}

/** Reads to the end, or to the `else` or `end` of the choice it stands in. */
function readBody(
  pieces: readonly Piece[],
  start: number,
  isInChoice: boolean,
): { readonly body: readonly TemplateNode[]; readonly end: number } {
  const body: TemplateNode[] = [];
  let at = start;
  while (at < pieces.length) {
    const { text, action = '', line } = pieces[at] ?? { line: 0 };
    if (text !== undefined) {
      body.push({ kind: 'text', text });
      at += 1;
    } else if (/^(?:end|else)\b/.test(action)) {
      if (!isInChoice) return { body, end: at };
      return { body, end: at };
    } else if (/^if\s/.test(action)) {
      const choice = readChoice(pieces, at);
      body.push({ kind: 'choice', branches: choice.branches });
      at = choice.end;
    } else {
      body.push({ kind: 'print', value: parseExpression(action, line) });
      at += 1;
    }
  }
  if (isInChoice) throw new TemplateError(`line ${String(pieces[start - 1]?.line)}: {{ if }} without {{ end }}`);
  return { body, end: at };
}

function readChoice(
  pieces: readonly Piece[],
  start: number,
): { readonly branches: readonly Branch[]; readonly end: number } {
  const branches: Branch[] = [];
  let at = start;
  let isOpen = true;
  while (isOpen) {
    const { action = '', line } = pieces[at] ?? { line: 0 };
    const [, condition] = /^(?:else\s+)?if\s+([^]+)$/.exec(action) ?? [];
    const { body, end } = readBody(pieces, at + 1, true);
    branches.push({ ...(condition === undefined ? {} : { condition: parseExpression(condition, line) }), body });
    isOpen = pieces[end]?.action !== 'end';
    if (isOpen && condition === undefined)
      throw new TemplateError(`line ${String(line)}: two {{ else }} of one {{ if }}`);
    at = end;
  }
  return { branches, end: at + 1 };
}

function parseExpression(text: string, line: number): Expression {
  const words = text.match(/"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+/g) ?? [];
  let at = 0;
  const fail = (what: string): never => {
    throw new TemplateError(`line ${String(line)}: ${what} in {{ ${text} }} is not of what this check can render`);
  };
  const readOperand = (): Expression => {
    const word = words[at] ?? fail('an end');
    at += 1;
    if (word === '(') {
      const inner = readCall();
      if (words[at] !== ')') fail('a missing )');
      at += 1;
      return inner;
    }
    if (word.startsWith('"')) return { kind: 'text', text: JSON.parse(word) as string };
    const [, name] = /^\.Values\.(\w+)$/.exec(word) ?? [];
    return name === undefined ? fail(word) : { kind: 'answer', name };
  };
  const readCall = (): Expression => {
    const name = functionNames.find((candidate) => candidate === words[at]);
    if (name === undefined) return readOperand();
    at += 1;
    const operands: Expression[] = [];
    while (at < words.length && words[at] !== ')') operands.push(readOperand());
    const isRight = {
      eq: operands.length === 2,
      ne: operands.length === 2,
      not: operands.length === 1,
      and: operands.length > 1,
      or: operands.length > 1,
    }[name];
    return isRight ? { kind: 'call', name, operands } : fail(`${name} with ${String(operands.length)} operands`);
  };
  const expression = readCall();
  if (at < words.length) fail(words[at] ?? '');
  return expression;
}
