import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';

export const pastExecutions = 1_000_000;

/** What a million triggers of one service would have left behind. */
interface Past {
  readonly projectId: string;
  readonly serviceId: string;
}

// Spread over the last ten days, so that nothing is old enough to be cleared away.
const apartMs = 864;

/** The statements that write a past; what differs is how an engine counts to a million, pads and makes JSON. */
function statementsOf(
  { projectId, serviceId }: Past,
  engine: { readonly numbers: string; readonly id: string; readonly body: string },
): readonly string[] {
  const target = `${projectId}/service/${serviceId}/scale`;
  const config = JSON.stringify({ type: 'scaleService', serviceId, action: 'up', amount: 1, min: 1, max: 100_000 });
  const at = `(${String(Date.now())} - (${String(pastExecutions)} - i) * ${String(apartMs)})`;
  return [
    `insert into executions (id, project_id, receiver_id, receiver_name, driver, format, config, signal, state,
      outcome, message, scale_from, scale_to, accepted_at, item_count, send_before, finished_at)
    select ${engine.id}, '${projectId}', '1go9', 'past', 'scaleService', 'generic', '${config}',
      '{"says":"fire","reason":"called"}', 'finished', 'scaled', 'scaled up from 4 to 5', 4, 5, ${at}, 1, ${at} + 600000, ${at} + 9
    from ${engine.numbers}`,
    `insert into items (id, execution_id, seq, target, state, change_id, outcome, message, scale_from, scale_to)
    select id || '.0', id, seq, '${target}', 'finished', 'change-' || id, outcome, message, scale_from, scale_to from executions`,
    `insert into changes (id, target, driver, body, state, created_at)
    select 'change-' || id, '${target}', 'scaleService', ${engine.body}, 'done', accepted_at from executions`,
    `insert into attempts (target, change_id, at, result) select '${target}', 'change-' || id, finished_at, 'done' from executions`,
  ];
}

/** Writes it into a file that the product itself has made. */
export async function writePastToSqlite(file: string, past: Past): Promise<void> {
  await (await openSqliteStore(file)).close();
  const sqlite = new DatabaseSync(file);
  sqlite.exec('pragma synchronous = off; begin');
  for (const statement of statementsOf(past, {
    numbers: `(with recursive n(i) as (select 1 union all select i + 1 from n where i < ${String(pastExecutions)}) select i from n)`,
    id: "printf('past%022d', i)",
    body: `json_object('serviceId', '${past.serviceId}', 'from', 4, 'to', 5)`,
  }))
    sqlite.exec(statement);
  sqlite.exec('commit');
  sqlite.close();
}

/** The same in PostgreSQL. */
export async function writePastToPostgres(url: string, past: Past): Promise<void> {
  await (await openPostgresStore({ url })).close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statementsOf(past, {
    numbers: `generate_series(1, ${String(pastExecutions)}) as numbers(i)`,
    id: "'past' || lpad(i::text, 22, '0')",
    body: `json_build_object('serviceId', '${past.serviceId}', 'from', 4, 'to', 5)::text`,
  }))
    await client.query(statement);
  // As its autovacuum would have done long ago.
  await client.query('vacuum analyze');
  await client.end();
}
