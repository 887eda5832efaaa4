import * as z from 'zod';

/** The types that Rancher 1.6's launch page can show. */
const questionTypes = [
  'string',
  'multiline',
  'boolean',
  'int',
  'float',
  'enum',
  'password',
  'masked',
  'service',
  'certificate',
  'secret',
  'date',
] as const;

/** One question of a version, strict: Rancher ignores what it does not know, and a misspelt rule would simply not hold. */
export const Question = z
  .strictObject({
    variable: z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'is not of capitals, digits and _'),
    label: z.string().min(1),
    description: z.string().min(1),
    type: z.enum(questionTypes),
    required: z.boolean(),
    default: z.string().optional(),
    group: z.string().min(1),
    min: z.int().optional(),
    max: z.int().optional(),
    min_length: z.int().optional(),
    max_length: z.int().optional(),
    options: z.array(z.string()).min(2).optional(),
    valid_chars: z.string().optional(),
    invalid_chars: z.string().optional(),
  })
  .superRefine((question, context) => {
    const refuse = (message: string): void =>
      context.addIssue({ code: 'custom', message: `${question.variable}: ${message}` });
    const { type, options, min, max, default: fallback } = question;
    if ((type === 'enum') !== (options !== undefined)) refuse('an enum has options, and nothing else has');
    const isTyped = type === 'string' || type === 'password' || type === 'masked';
    if (isTyped && question.valid_chars === undefined && question.invalid_chars === undefined)
      refuse('a text says which characters it takes, or takes none of');
    if (type === 'int' && (min === undefined || max === undefined)) refuse('a number has min and max');
    if (type !== 'int' && type !== 'float' && (min !== undefined || max !== undefined))
      refuse('only numbers have min and max');
    if (fallback === undefined) return;
    if (options !== undefined && !options.includes(fallback))
      refuse(`the default "${fallback}" is not one of its options`);
    if (type === 'boolean' && fallback !== 'true' && fallback !== 'false')
      refuse('the default of a boolean is "true" or "false"');
    if (type === 'int') {
      const number = Number(fallback);
      const isInside = Number.isInteger(number) && number >= (min ?? number) && number <= (max ?? number);
      if (fallback === '' || !isInside) refuse(`the default "${fallback}" is no whole number between min and max`);
    }
    if ((type === 'password' || type === 'masked') && fallback !== '')
      refuse('a default password is known to everybody');
  });

export type Question = z.infer<typeof Question>;

/** The values of an answer that can make a difference: every option, or without, empty and something. */
export function answersThatMatter({
  type,
  options,
  default: fallback = '',
  required,
  variable,
}: Question): readonly string[] {
  if (options !== undefined) return options;
  if (type === 'boolean') return ['true', 'false'];
  const something = fallback === '' ? `some-${variable.toLowerCase().replaceAll('_', '-')}` : fallback;
  return required ? [something] : [something, ''];
}

/** The answer of somebody who takes what is offered: the default, or something where he has to say something. */
export function usualAnswer(question: Question): string {
  const { default: fallback = '', required } = question;
  return fallback === '' && required ? (answersThatMatter(question)[0] ?? '') : fallback;
}
