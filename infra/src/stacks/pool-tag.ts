import type { Configuration, Pool } from '../config/shape.ts';

/** The tag by which CloudMonitor tells a pool's machines from all others; the machine driver puts it on each it makes. */
export function poolTag({ prefix }: Configuration, pool: Pool): { readonly key: string; readonly value: string } {
  return { key: 'receiver-hooks-pool', value: `${prefix}-${pool.name}` };
}
