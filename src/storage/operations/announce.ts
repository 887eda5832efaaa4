import { sql } from 'kysely';
import * as z from 'zod';
import type { Target } from '../../domain/target.ts';
import type { Engine, Tx } from '../engine.ts';
import { statement } from '../statement.ts';
import { asParameter, givenRows, type GivenColumns } from './given-rows.ts';

/** The PostgreSQL channel on which replicas tell each other what they did. */
export const channel = 'receiver_hooks';

/** What is announced: executions that ended, or a target on which something waits. */
export type Announcement = { readonly finished: readonly string[] } | { readonly waiting: string };

const Announced = z.union([z.object({ finished: z.array(z.string()) }), z.object({ waiting: z.string() })]);

/** What another replica announced; undefined for anything else: whoever may use the database can write to the channel. */
export function readAnnouncement(payload: string): Announcement | undefined {
  try {
    return Announced.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined;
  }
}

// PostgreSQL refuses payloads of 8,000 bytes; an execution's id has 26.
const idsAtOnce = 200;
const payloadColumn: GivenColumns<{ payload: string }> = { payload: 'text' };

/** Tells the other replicas which executions ended, once this transaction is committed; nothing on an engine that has no others. */
export async function announceFinished(tx: Tx, engine: Engine, executionIds: readonly string[]): Promise<void> {
  const parts = Array.from({ length: Math.ceil(executionIds.length / idsAtOnce) }, (_, part) => ({
    finished: executionIds.slice(part * idsAtOnce, (part + 1) * idsAtOnce),
  }));
  await announce(tx, engine, parts);
}

/** The same for targets on which something waits. */
export async function announceWaiting(tx: Tx, engine: Engine, targets: readonly Target[]): Promise<void> {
  await announce(
    tx,
    engine,
    [...new Set(targets)].map((waiting) => ({ waiting })),
  );
}

async function announce(tx: Tx, engine: Engine, announcements: readonly Announcement[]): Promise<void> {
  if (engine.name !== 'postgres' || announcements.length === 0) return;
  const payloads = announcements.map((announcement) => ({ payload: JSON.stringify(announcement) }));
  await notify(tx, engine, { payloads: asParameter(payloads) });
}

const notify = statement(
  ({ payloads }: { payloads: string }, { engine }) =>
    sql`select pg_notify(${channel}, payload) from ${givenRows(engine, payloadColumn, payloads)}`,
);
