/** A change as lanes keep it, to recognise a late write by. */
export interface KeptChange {
  readonly driver: string;
  readonly body: unknown;
}

/** A change of which a write may still land, until a moment of the database's clock. */
export interface KeptLateWrite extends KeptChange {
  readonly untilMs: number;
}

/** The late writes of a lane's `doubt_change` that may still land. */
export function readKeptLateWrites(kept: string | null, nowMs: number): readonly KeptLateWrite[] {
  if (kept === null) return [];
  return (JSON.parse(kept) as readonly KeptLateWrite[]).filter(({ untilMs }) => untilMs > nowMs);
}
