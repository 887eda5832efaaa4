import type { z } from 'zod';

/**
 * The same configuration without the keys that nothing is called. They are reported on their own; left in, they would keep
 * the sense checks from reading the part they stand in.
 */
export function withoutUnknownKeys(configuration: unknown, error: z.ZodError): unknown {
  const copy: unknown = structuredClone(configuration);
  for (const issue of error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const holder = issue.path.reduce<unknown>(
      (value, key) =>
        value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined,
      copy,
    );
    if (holder === null || typeof holder !== 'object') continue;
    for (const key of issue.keys) Reflect.deleteProperty(holder, key);
  }
  return copy;
}
