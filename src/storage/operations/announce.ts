import { sql } from 'kysely';
import type { Engine, Tx } from '../engine.ts';

/** The PostgreSQL channel on which replicas tell each other what they did. */
export const channel = 'receiver_hooks';

/** What is announced: executions that ended, or a target on which something waits. */
export type Announcement = { readonly finished: readonly string[] } | { readonly waiting: string };

// PostgreSQL refuses payloads of 8,000 bytes; an execution's id has 26.
const idsAtOnce = 200;

/** Tells the other replicas once this transaction is committed; nothing on an engine that has no others. */
export async function announce(tx: Tx, engine: Engine, announcement: Announcement): Promise<void> {
  if (engine.name !== 'postgres') return;
  const parts =
    'waiting' in announcement
      ? [announcement]
      : Array.from({ length: Math.ceil(announcement.finished.length / idsAtOnce) }, (_, part) => ({
          finished: announcement.finished.slice(part * idsAtOnce, (part + 1) * idsAtOnce),
        }));
  for (const part of parts) await sql`select pg_notify(${channel}, ${JSON.stringify(part)})`.execute(tx);
}
