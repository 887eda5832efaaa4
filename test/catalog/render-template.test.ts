import { describe, expect, it } from '@jest/globals';
import { answersUsed, interpolate, renderTemplate, variablesUsed } from '../../addon/catalog/render-template.ts';
import { parseTemplate } from '../../addon/catalog/template-syntax.ts';

const render = (source: string, answers: Record<string, string> = {}): string =>
  renderTemplate(parseTemplate(source), answers);

describe('addon/catalog/render-template', () => {
  it.each([
    ['a {{ .Values.A }} b', 'a x b'],
    ['{{ if eq .Values.A "x" }}yes{{ else }}no{{ end }}', 'yes'],
    ['{{ if ne .Values.A "x" }}yes{{ else }}no{{ end }}', 'no'],
    ['{{ if .Values.NONE }}yes{{ else if eq .Values.A "x" }}second{{ else }}no{{ end }}', 'second'],
    ['{{ if and (eq .Values.A "x") (not .Values.NONE) }}yes{{ end }}', 'yes'],
    ['{{ if or .Values.NONE (eq .Values.B "y") }}yes{{ end }}', 'yes'],
    ['one\n{{- if .Values.A }}\n  two\n{{- end }}\nthree', 'one\n  two\nthree'],
    ['one {{- /* nothing */ -}} two', 'onetwo'],
    ['{{ if .Values.A }}{{ if .Values.NONE }}in{{ else }}inner{{ end }}{{ end }}', 'inner'],
    ['{{ "}}" }}', '}}'],
  ])('renders %j as Go does', (source, expected) => {
    expect(render(source, { A: 'x', B: 'y' })).toBe(expected);
  });

  it.each([
    '{{ if .Values.A }}',
    '{{ end }}',
    '{{ else }}',
    '{{ .Values.A | quote }}',
    '{{ range .Values.A }}{{ end }}',
    '{{ if eq .Values.A }}x{{ end }}',
    '{{ if (eq .Values.A "x" }}x{{ end }}',
    '{{ if .Values.A }}{{ else }}{{ else }}{{ end }}',
    'text {{ .Values.A',
    '{{ .Release.Name }}',
  ])('refuses %j instead of guessing', (source) => {
    expect(() => render(source)).toThrow(/line 1: /);
  });

  it('takes "false" for true, as Go does with a text', () => {
    expect(render('{{ if .Values.A }}yes{{ end }}', { A: 'false' })).toBe('yes');
  });

  it('tells which answers are used, and which of them in conditions', () => {
    const nodes = parseTemplate('{{ if eq .Values.A "x" }}{{ .Values.B }}{{ end }}');
    expect([...answersUsed(nodes, 'anywhere')]).toEqual(['A', 'B']);
    expect([...answersUsed(nodes, 'conditions')]).toEqual(['A']);
  });

  it('puts answers in after parsing, so that none becomes YAML of its own', () => {
    const answers = { A: "x'\n- y: ${B}", B: 'z' };
    expect(interpolate({ a: ['${A}', '$$B', '$B!'], n: 1 }, answers)).toEqual({ a: [answers.A, '$B', 'z!'], n: 1 });
    expect([...variablesUsed('${A} $B $${C} $$D')]).toEqual(['A', 'B']);
  });
});
