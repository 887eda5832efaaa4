import { hasCode } from '../../domain/errors.ts';
import { CliError } from '../cli-error.ts';

/** Carries out planned steps one by one, and tells what was done and what was not when one fails. */
export class Ledger {
  readonly #planned: string[];
  readonly #done: string[] = [];
  readonly #print: (line: string) => void;

  constructor(planned: readonly string[], print: (line: string) => void) {
    this.#planned = [...planned];
    this.#print = print;
  }

  get count(): number {
    return this.#done.length;
  }

  /** @throws CliError that lists what was done and what was not */
  async carryOut<T>(title: string, act: () => Promise<T>): Promise<T> {
    try {
      const result = await act();
      this.#done.push(title);
      this.#print(`done: ${title}`);
      return result;
    } catch (error) {
      const open = [...new Set([title, ...this.#planned])].filter((step) => !this.#done.includes(step));
      const reason = error instanceof Error ? error.message : String(error);
      const doubt = hasCode(error) && error.details.applied === 'unknown' ? ' (whether it was done is not known)' : '';
      throw new CliError(
        [
          `could not ${title}${doubt}: ${reason}`,
          `  done:     ${this.#done.join('; ') || 'nothing'}`,
          `  not done: ${open.join('; ')}`,
          '  apply again when it is put right: it goes on from there',
        ].join('\n'),
        { cause: error },
      );
    }
  }
}
