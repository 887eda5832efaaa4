import { parseRegex, RegexRefused, type RegexNode } from './tag-regex-parser.ts';

/** One step of a compiled pattern; `next` and `other` are places in the program. */
type Step =
  | { readonly kind: 'take'; readonly has: (code: number) => boolean; readonly next: number }
  | { readonly kind: 'fork'; readonly next: number; readonly other: number }
  | { readonly kind: 'end' };

const longestPattern = 200;
const mostSteps = 2_000;

/**
 * Compiles a pattern that must match the whole text. All ways through it are followed side by side, a character at a time,
 * so the longest match takes pattern × text and never exponential time: patterns are written by members, tags by whoever pushes.
 * @throws RegexRefused when it cannot be read or becomes too large.
 */
export function compileRegex(pattern: string): (text: string) => boolean {
  if (pattern.length > longestPattern) {
    throw new RegexRefused(`it has ${String(pattern.length)} characters; use at most ${String(longestPattern)}`);
  }
  const tree = parseRegex(pattern);
  if (sizeOf(tree) > mostSteps) throw new RegexRefused('its repetitions multiply beyond what is followed; simplify it');
  const steps: Step[] = [{ kind: 'end' }];
  const start = emit(tree, 0, steps);
  return (text) => matches(steps, start, text);
}

function sizeOf(node: RegexNode): number {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'sequence':
      return node.parts.reduce((size, part) => size + sizeOf(part), 0);
    case 'choice':
      return node.options.reduce((size, option) => size + 1 + sizeOf(option), 0);
    case 'repeat':
      return (node.atMost === Infinity ? node.atLeast + 1 : node.atMost) * (1 + sizeOf(node.part));
  }
}

/** Writes the steps of `node` that lead on to `next`; answers where they begin. */
function emit(node: RegexNode, next: number, steps: Step[]): number {
  switch (node.kind) {
    case 'set':
      return steps.push({ kind: 'take', has: node.has, next }) - 1;
    case 'sequence':
      return node.parts.reduceRight((after, part) => emit(part, after, steps), next);
    case 'choice':
      return node.options
        .map((option) => emit(option, next, steps))
        .reduceRight((other, begin) => steps.push({ kind: 'fork', next: begin, other }) - 1);
    case 'repeat':
      return emitRepeat(node, next, steps);
  }
}

function emitRepeat(
  { part, atLeast, atMost }: Extract<RegexNode, { kind: 'repeat' }>,
  next: number,
  steps: Step[],
): number {
  let begin = next;
  if (atMost === Infinity) {
    const loop = steps.push({ kind: 'end' }) - 1;
    steps[loop] = { kind: 'fork', next: emit(part, loop, steps), other: next };
    begin = loop;
  } else {
    for (let count = atLeast; count < atMost; count += 1) {
      begin = steps.push({ kind: 'fork', next: emit(part, begin, steps), other: next }) - 1;
    }
  }
  for (let count = 0; count < atLeast; count += 1) begin = emit(part, begin, steps);
  return begin;
}

function matches(steps: readonly Step[], start: number, text: string): boolean {
  let places = reach(steps, [start]);
  for (let at = 0; at < text.length && places.size > 0; at += 1) {
    const given = text.charCodeAt(at);
    const onward: number[] = [];
    for (const place of places) {
      const step = steps[place];
      if (step?.kind === 'take' && step.has(given)) onward.push(step.next);
    }
    places = reach(steps, onward);
  }
  return [...places].some((place) => steps[place]?.kind === 'end');
}

/** Every place that can be come to without taking a character; each is visited once, so empty loops end. */
function reach(steps: readonly Step[], from: readonly number[]): Set<number> {
  const places = new Set<number>();
  const open = [...from];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (places.has(place)) continue;
    places.add(place);
    const step = steps[place];
    if (step?.kind === 'fork') open.push(step.next, step.other);
  }
  return places;
}
