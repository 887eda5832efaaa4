import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { Pool, Zone } from '../config/shape.ts';

/** What a check may know beside the configuration. */
export interface CheckContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
}

/** A sense check: takes the configuration as it was read and answers what in it cannot work. */
export type Check = (raw: unknown, context: CheckContext) => readonly Mistake[];

/**
 * Makes a check of a pure function and the part of the configuration it reads. When that part itself is broken the check
 * stays silent, because its shape is reported already.
 */
export function check<Part>(
  reads: z.ZodType<Part>,
  find: (part: Part, context: CheckContext) => readonly Mistake[],
): Check {
  return (raw, context) => {
    const part = reads.safeParse(raw);
    return part.success ? find(part.data, context) : [];
  };
}

/** Pools by their place in the file; one whose shape is broken is null, so that it does not hide the others. */
export const PoolsSeen = z.array(Pool.nullable().catch(null));
export type PoolsSeen = z.infer<typeof PoolsSeen>;

/** Zones by their place in the file; null as in `PoolsSeen`. */
export const ZonesSeen = z.array(Zone.nullable().catch(null));

/** Calls `find` for every pool that could be read, with its path. */
export function eachPool(pools: PoolsSeen, find: (pool: Pool, path: string) => readonly Mistake[]): Mistake[] {
  return pools.flatMap((pool, index) => (pool === null ? [] : find(pool, `pools[${index}]`)));
}
