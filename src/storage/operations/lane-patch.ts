import { sql, type RawBuilder } from 'kysely';
import type { Engine, Tx } from '../engine.ts';
import { statement } from '../statement.ts';
import type { LanesTable } from '../tables.ts';

/** What a step leaves on its lane; what is not named stays as it is. */
export type LanePatch = { readonly [Column in Patched]?: NonNullable<LanesTable[Column]> } & {
  /** In the place of `latest_change`: it is this change, as it is stored. */
  readonly latestChangeId?: string;
  /** It had an effect just now. */
  readonly isEffective?: boolean;
};

type Patched = 'latest_change' | 'doubt_change' | 'doubt_until';

/** A patch as a statement is given it. */
export type PatchValues = Pick<LanesTable, Patched> & { latestChangeId: string | null; isEffective: number };

/** The patch with null where it names nothing. */
export function asPatched({ isEffective, ...patch }: LanePatch): PatchValues {
  const nothing = { latest_change: null, doubt_change: null, doubt_until: null, latestChangeId: null };
  return { ...nothing, ...patch, isEffective: isEffective === true ? 1 : 0 };
}

/** The columns of `lanes` with the patch in them. */
export function patchedColumns(
  given: PatchValues,
  engine: Engine,
): Record<Patched | 'last_effective_at', RawBuilder<never>> {
  const latest = sql`(select ${engine.keptChange} from changes where changes.id = ${given.latestChangeId})`;
  return {
    latest_change: sql`coalesce(${given.latest_change}, ${latest}, latest_change)`,
    last_effective_at: sql`case when ${given.isEffective} = 1 then ${engine.nowMs} else last_effective_at end`,
    doubt_change: sql`coalesce(${given.doubt_change}, doubt_change)`,
    doubt_until: sql`coalesce(${given.doubt_until}, doubt_until)`,
  };
}

/** Notes on a lane what a step of somebody who does not hold it left there. */
export async function patchLane(tx: Tx, engine: Engine, target: string, patch: LanePatch): Promise<void> {
  if (Object.keys(patch).length > 0) await noteOnLane(tx, engine, { target, ...asPatched(patch) });
}

const noteOnLane = statement((given: { target: string } & PatchValues, { tx, engine }) =>
  tx.updateTable('lanes').set(patchedColumns(given, engine)).where('target', '=', given.target),
);
