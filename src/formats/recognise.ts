import type { AnyFormat } from './format.ts';
import type { ParsedTrigger } from './parsed-trigger.ts';

/** What a receiver says when it leaves the choice to the body. */
export const autoFormat = 'auto';

/**
 * The format to read a trigger with: the receiver's own, or with `auto` the one that recognises the body, else the one that its
 * driver's config names, else the last (`generic`).
 */
export function chooseFormat(
  formats: readonly AnyFormat[],
  wanted: string,
  trigger: ParsedTrigger,
  otherwise?: string,
): AnyFormat | undefined {
  if (wanted !== autoFormat) return formats.find((format) => format.id === wanted);
  return (
    formats.find((format) => format.recognises(trigger)) ??
    formats.find((format) => format.id === otherwise) ??
    formats.at(-1)
  );
}
