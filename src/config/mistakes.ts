/** One thing that is wrong with the environment: which variable, what is wrong with its value, and what to do. */
export interface Mistake {
  readonly variable: string;
  /** Names the value unless it is a secret's. */
  readonly problem: string;
  readonly remedy: string;
}

/** The environment cannot be used; carries every mistake, not only the first. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const count = mistakes.length === 1 ? 'a mistake' : `${String(mistakes.length)} mistakes`;
    const lines = mistakes.map(({ variable, problem, remedy }) => `  ${variable}: ${problem}; ${remedy}`);
    super(`${count} in the configuration:\n${lines.join('\n')}`);
    this.mistakes = mistakes;
  }
}
