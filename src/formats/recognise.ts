import type { AnyFormat } from './format.ts';
import type { ParsedTrigger } from './parsed-trigger.ts';

/** What a receiver says when it leaves the choice to the body. */
export const autoFormat = 'auto';

/** Whether the body is of the kind that a format reads: it neither recognises nor reads another. */
export function hasBody({ body }: Pick<AnyFormat, 'body'>, { json, form }: ParsedTrigger): boolean {
  switch (body) {
    case 'any':
      return true;
    case 'json':
      return json !== undefined;
    case 'form':
      return form !== undefined;
  }
}

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
    formats.find((format) => hasBody(format, trigger) && format.recognises(trigger)) ??
    formats.find((format) => format.id === otherwise) ??
    formats.at(-1)
  );
}
