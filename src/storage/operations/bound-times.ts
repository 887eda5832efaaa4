import { sql } from 'kysely';
import type { Database, Engine, Tx } from '../engine.ts';
import { readNowMs } from '../engine.ts';
import type { Store } from '../store.ts';
import { readKeptLateWrites } from './late-writes.ts';

// Nobody puts his next look at a change further off, nor the next try of a callback, nor claims one for longer.
const longestPauseMs = 60_000;
const longestCallbackPauseMs = 3_600_000;
const longestCallbackClaimMs = 60_000;

/** See `Store.boundTimes`. */
export async function boundTimes(
  db: Database,
  engine: Engine,
  { leaseMs, doubtMs, lateWriteMs }: Parameters<Store['boundTimes']>[0],
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // Taken anew by each statement: a replica that was stopped in between would else shorten what others have written since.
    const { nowMs } = engine;
    // What others write meanwhile lies a moment further ahead, and is not to be shortened.
    const isBeyond = (column: string, mostMs: number) => sql`${sql.ref(column)} > ${nowMs} + ${mostMs + doubtMs}`;
    const claimMs = leaseMs + doubtMs;
    for (const statement of [
      sql`update lanes set lease_until = ${nowMs} + ${leaseMs} where ${isBeyond('lease_until', leaseMs)}`,
      sql`update lanes set last_effective_at = ${nowMs} where ${isBeyond('last_effective_at', 0)}`,
      sql`update changes set created_at = ${nowMs}
        where state in ('sending', 'following') and ${isBeyond('created_at', 0)}`,
      sql`update changes set doubt_until = ${nowMs} + ${doubtMs}
        where state = 'sending' and ${isBeyond('doubt_until', doubtMs)}`,
      sql`update changes set lease_until = ${nowMs} + ${claimMs}
        where state = 'following' and ${isBeyond('lease_until', claimMs)}`,
      sql`update changes set next_attempt_at = ${nowMs}
        where state = 'following' and ${isBeyond('next_attempt_at', longestPauseMs)}`,
      sql`update callbacks set next_attempt_at = ${nowMs} where ${isBeyond('next_attempt_at', longestCallbackPauseMs)}`,
      sql`update callbacks set next_attempt_at = ${nowMs}, ended_at = ${nowMs} where ${isBeyond('ended_at', 0)}`,
      sql`update callbacks set lease_until = ${nowMs} + ${longestCallbackClaimMs}
        where ${isBeyond('lease_until', longestCallbackClaimMs)}`,
    ])
      await statement.execute(tx);
    await boundLateWrites(tx, await readNowMs(tx, engine), { lateWriteMs, slackMs: doubtMs });
  });
}

async function boundLateWrites(
  tx: Tx,
  nowMs: number,
  { lateWriteMs, slackMs }: { readonly lateWriteMs: number; readonly slackMs: number },
): Promise<void> {
  const latestMs = nowMs + lateWriteMs;
  const lanes = await tx
    .selectFrom('lanes')
    .select(['target', 'doubt_change'])
    .where('doubt_until', '>', latestMs + slackMs)
    .execute();
  for (const { target, doubt_change } of lanes) {
    const kept = readKeptLateWrites(doubt_change, nowMs);
    const bounded = kept.map((late) => ({ ...late, untilMs: Math.min(late.untilMs, latestMs) }));
    await tx
      .updateTable('lanes')
      .set({ doubt_change: JSON.stringify(bounded), doubt_until: latestMs })
      .where('target', '=', target)
      .execute();
  }
}
