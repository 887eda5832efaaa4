import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '../../rancher/resources.ts';
import type { MachineTemplate } from './outputs-file.ts';
import { isAsWanted, prefixOf, wantTemplate } from './wanted-template.ts';
import type { WantedTemplate } from './wanted-template.ts';

/** What becomes of one template of the outputs. Rancher changes no values of a template, so another one takes its place. */
export type TemplateStep =
  | { readonly kind: 'keep'; readonly wanted: WantedTemplate; readonly id: string }
  | { readonly kind: 'make'; readonly wanted: WantedTemplate }
  | { readonly kind: 'replace'; readonly wanted: WantedTemplate; readonly before: Resource };

/** A template of ours that another one of the same name has taken, or takes, the place of. */
export interface Outdated {
  readonly template: Resource;
  readonly wanted: WantedTemplate;
}

export interface TemplatePlan {
  readonly steps: readonly TemplateStep[];
  readonly outdated: readonly Outdated[];
  /** Templates of ours, of the same installation of infra, that the outputs no longer name. */
  readonly unnamed: readonly Resource[];
}

/**
 * Compares the outputs with the templates in Rancher. Pure. Templates that this program did not make, or made for another
 * installation of infra (another prefix), are left out of everything.
 */
export function planTemplates(templates: readonly MachineTemplate[], existing: readonly Resource[]): TemplatePlan {
  const wanted = templates.map(wantTemplate);
  const prefixes = new Set(wanted.map(({ prefix }) => prefix));
  const ours = existing
    .filter(isLiving)
    .filter((template) => prefixes.has(prefixOf(template) ?? '\n'))
    .toSorted((a, b) => numberOf(a) - numberOf(b));
  const planned = wanted.map((want) => {
    const named = ours.filter(({ name }) => name === want.name);
    // Two that are alike are left behind by two runs at once; both runs and the next keep the same one.
    const kept = named.find((template) => isAsWanted(template, want));
    const others = named.filter((template) => template !== kept);
    const before = others.at(-1);
    const step: TemplateStep =
      kept !== undefined
        ? { kind: 'keep', wanted: want, id: kept.id }
        : before === undefined
          ? { kind: 'make', wanted: want }
          : { kind: 'replace', wanted: want, before };
    return { step, outdated: others.map((template) => ({ template, wanted: want })) };
  });
  const names = new Set(wanted.map(({ name }) => name));
  return {
    steps: planned.map(({ step }) => step),
    outdated: planned.flatMap(({ outdated }) => outdated),
    unnamed: ours.filter(({ name }) => !names.has(name ?? '')),
  };
}

/** Lines for the person at the terminal; a template's values are public, its secret is in none of them. */
export function describeTemplateStep(step: TemplateStep): string {
  const { wanted } = step;
  const title = `template ${wanted.name} (${wanted.driver})`;
  switch (step.kind) {
    case 'keep':
      return `= ${title} ${step.id}`;
    case 'make':
      return [
        `+ ${title}`,
        ...Object.entries(flat(wanted.publicValues)).map(([name, value]) => line(name, value)),
      ].join('\n');
    case 'replace': {
      const from = flat(step.before['publicValues']);
      const to = flat(wanted.publicValues);
      const changed = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter(
        (name) => !isDeepStrictEqual(from[name], to[name]),
      );
      const lines = changed.map((name) => `    ${name}: ${show(from[name])} -> ${show(to[name])}`);
      if (lines.length === 0) lines.push('    its mark or its secret is missing');
      return [`~ ${title}, a new one in place of ${step.before.id}`, ...lines].join('\n');
    }
  }
}

function isLiving({ state }: Resource): boolean {
  return state === 'active' || state === 'activating';
}

function numberOf({ id }: Resource): number {
  return Number(/\d+$/.exec(id)?.[0] ?? 0);
}

/** `{aliyunecsConfig: {zone}}` as `{"aliyunecsConfig.zone"}`. */
function flat(values: unknown): Readonly<Record<string, unknown>> {
  const configs = Object.entries((values ?? {}) as Readonly<Record<string, object | null>>);
  return Object.fromEntries(
    configs.flatMap(([config, options]) =>
      Object.entries(options ?? {}).map(([name, value]) => [`${config}.${name}`, value] as const),
    ),
  );
}

const line = (name: string, value: unknown): string => `    ${name}: ${show(value)}`;

function show(value: unknown): string {
  return value === undefined || value === null ? '(not set)' : JSON.stringify(value);
}
