import type * as z from 'zod';

/** The issue to tell of several. A misspelt field is also a missing one, and only its own name tells which. */
export function tellingIssue({ issues }: z.ZodError): z.core.$ZodIssue | undefined {
  return issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
}
