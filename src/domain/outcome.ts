/** How an execution, or one item of it, ended. `docs/glossary.md` explains each. */
export const outcomes = [
  'scaled',
  'unchanged',
  'limit-reached',
  'cooling-down',
  'ignored',
  'duplicate',
  'partial',
  'superseded',
  'failed',
] as const;

export type Outcome = (typeof outcomes)[number];
