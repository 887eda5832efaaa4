/** One thing that is wrong with the configuration: where it stands, what stands there, why it cannot work, how to mend it. */
export interface Mistake {
  readonly path: string;
  readonly value: unknown;
  readonly problem: string;
  readonly remedy: string;
}

/** The configuration cannot be used; `message` lists every mistake. */
export class ConfigurationError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(source: string, mistakes: readonly Mistake[]) {
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
    super([`${source} has ${count}; nothing was synthesised:`, ...mistakes.map(describe)].join('\n'));
    this.name = 'ConfigurationError';
    this.mistakes = mistakes;
  }
}

const longestValue = 60;

function describe({ path, value, problem, remedy }: Mistake): string {
  const shown = value === undefined ? '(absent)' : JSON.stringify(value);
  const short = shown.length > longestValue ? `${shown.slice(0, longestValue)}…` : shown;
  return `- ${path} = ${short}\n    ${problem}\n    remedy: ${remedy}`;
}
