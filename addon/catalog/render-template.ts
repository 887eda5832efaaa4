import type { Expression, FunctionName, TemplateNode } from './template-syntax.ts';

/** What an operator answered, as Rancher hands it over: text, by variable. */
export type Answers = Readonly<Record<string, string>>;

/** Renders a parsed template. An answer that is not there is taken for empty; in Rancher there is one to every question. */
export function renderTemplate(nodes: readonly TemplateNode[], answers: Answers): string {
  return nodes.map((node) => renderNode(node, answers)).join('');
}

function renderNode(node: TemplateNode, answers: Answers): string {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'print') return String(evaluate(node.value, answers));
  const taken = node.branches.find(({ condition }) => condition === undefined || isTrue(evaluate(condition, answers)));
  return taken === undefined ? '' : renderTemplate(taken.body, answers);
}

type Value = string | boolean;

const functions: Readonly<Record<FunctionName, (values: readonly Value[]) => Value>> = {
  eq: ([a, b]) => a === b,
  ne: ([a, b]) => a !== b,
  not: ([value = '']) => !isTrue(value),
  and: (values) => values.every(isTrue),
  or: (values) => values.some(isTrue),
};

function evaluate(expression: Expression, answers: Answers): Value {
  if (expression.kind === 'text') return expression.text;
  if (expression.kind === 'answer') return answers[expression.name] ?? '';
  return functions[expression.name](expression.operands.map((operand) => evaluate(operand, answers)));
}

/** Go's truth: a text that is not empty; so the answer "false" is true, and templates compare with `eq`. */
function isTrue(value: Value): boolean {
  return value !== false && value !== '';
}

/** Answers the templates ask for by `.Values.NAME`, anywhere or only in conditions. */
export function answersUsed(nodes: readonly TemplateNode[], where: 'anywhere' | 'conditions'): ReadonlySet<string> {
  const names = new Set<string>();
  const lookAt = (expression: Expression): void => {
    if (expression.kind === 'answer') names.add(expression.name);
    if (expression.kind === 'call') for (const operand of expression.operands) lookAt(operand);
  };
  const walk = (some: readonly TemplateNode[]): void => {
    for (const node of some) {
      if (node.kind === 'print' && where === 'anywhere') lookAt(node.value);
      if (node.kind !== 'choice') continue;
      for (const { condition, body } of node.branches) {
        if (condition !== undefined) lookAt(condition);
        walk(body);
      }
    }
  };
  walk(nodes);
  return names;
}

const variable = /\$\$|\$\{(\w+)\}|\$(\w+)/g;

/** The variables of `${NAME}` in a compose file; `$$` is a plain dollar. */
export function variablesUsed(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(variable)].flatMap(([, braced, bare]) => braced ?? bare ?? []));
}

/**
 * Puts answers in for `${NAME}` in every text of a parsed compose file, keys as they are: Rancher does it after parsing, so
 * an answer can never become YAML of its own.
 */
export function interpolate(value: unknown, answers: Answers): unknown {
  if (typeof value === 'string') {
    return value.replace(variable, (whole, braced: string | undefined, bare: string | undefined) =>
      whole === '$$' ? '$' : (answers[braced ?? bare ?? ''] ?? ''),
    );
  }
  if (Array.isArray(value)) return value.map((part) => interpolate(part, answers));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, interpolate(part, answers)]));
}
