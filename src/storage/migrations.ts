import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';
import type { Engine } from './engine.ts';

const identity = (engine: Engine) => (column: ColumnDefinitionBuilder) =>
  engine.name === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity();

const first = (engine: Engine): Migration => ({
  async up(db: Kysely<unknown>) {
    const whole = engine.name === 'sqlite' ? 'integer' : 'bigint';
    await db.schema
      .createTable('lanes')
      .addColumn('target', 'text', (column) => column.primaryKey())
      .addColumn('epoch', whole, (column) => column.notNull())
      .addColumn('holder', 'text', (column) => column.notNull())
      .addColumn('lease_until', whole, (column) => column.notNull())
      .addColumn('last_effective_at', whole)
      .addColumn('doubt_change', 'text')
      .addColumn('doubt_until', whole)
      .addColumn('latest_change', 'text')
      .execute();
    await db.schema
      .createTable('executions')
      .addColumn('seq', whole, identity(engine))
      .addColumn('id', 'text', (column) => column.notNull().unique())
      .addColumn('project_id', 'text', (column) => column.notNull())
      .addColumn('receiver_id', 'text', (column) => column.notNull())
      .addColumn('receiver_name', 'text', (column) => column.notNull())
      .addColumn('driver', 'text', (column) => column.notNull())
      .addColumn('format', 'text', (column) => column.notNull())
      .addColumn('config', 'text', (column) => column.notNull())
      .addColumn('signal', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('outcome', 'text')
      .addColumn('message', 'text', (column) => column.notNull())
      .addColumn('code', 'text')
      .addColumn('applied', 'text')
      .addColumn('scale_from', whole)
      .addColumn('scale_to', whole)
      .addColumn('accepted_at', whole, (column) => column.notNull())
      .addColumn('item_count', whole, (column) => column.notNull())
      .addColumn('send_before', whole, (column) => column.notNull())
      .addColumn('finished_at', whole)
      .execute();
    await db.schema
      .createTable('items')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('execution_id', 'text', (column) => column.notNull())
      .addColumn('seq', whole, (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('change_id', 'text')
      .addColumn('outcome', 'text')
      .addColumn('message', 'text', (column) => column.notNull())
      .addColumn('code', 'text')
      .addColumn('applied', 'text')
      .addColumn('scale_from', whole)
      .addColumn('scale_to', whole)
      .execute();
    await db.schema
      .createTable('changes')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('driver', 'text', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('created_at', whole, (column) => column.notNull())
      .addColumn('doubt_until', whole)
      .addColumn('holder', 'text')
      .addColumn('lease_until', whole)
      .addColumn('next_attempt_at', whole)
      .execute();
    await db.schema
      .createTable('attempts')
      .addColumn('seq', whole, identity(engine))
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('change_id', 'text')
      .addColumn('at', whole, (column) => column.notNull())
      .addColumn('result', 'text', (column) => column.notNull())
      .addColumn('code', 'text')
      .execute();
    await db.schema
      .createTable('seen_keys')
      .addColumn('receiver_id', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('body_hash', 'text', (column) => column.notNull())
      .addColumn('execution_id', 'text', (column) => column.notNull())
      .addColumn('expires_at', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('seen_keys_pk', ['receiver_id', 'kind', 'hash'])
      .execute();
    // What is unfinished is found through small partial indexes, so that a million past executions slow nothing.
    await sql`create index items_unfinished on items (target, seq, id, execution_id) where state = 'waiting'`.execute(
      db,
    );
    await sql`create index items_of_change on items (change_id) where state = 'under-way'`.execute(db);
    await sql`create index changes_sending on changes (target) where state = 'sending'`.execute(db);
    await sql`create index changes_following on changes (next_attempt_at) where state = 'following'`.execute(db);
    await sql`create index lanes_in_doubt on lanes (doubt_until) where doubt_until is not null`.execute(db);
    await db.schema.createIndex('items_of_execution').on('items').column('execution_id').execute();
    await db.schema.createIndex('items_of_target').on('items').columns(['target', 'seq']).execute();
    await db.schema.createIndex('executions_of_project').on('executions').columns(['project_id', 'seq']).execute();
    await db.schema.createIndex('executions_of_receiver').on('executions').columns(['receiver_id', 'seq']).execute();
    await db.schema.createIndex('attempts_of_target').on('attempts').columns(['target', 'at']).execute();
    await db.schema.createIndex('seen_keys_by_age').on('seen_keys').column('expires_at').execute();
    await db.schema.createIndex('seen_keys_of_execution').on('seen_keys').column('execution_id').execute();
  },
});

const keptBody: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('executions').addColumn('kept_body', 'text').execute();
  },
};

const callbacks = (engine: Engine): Migration => ({
  async up(db: Kysely<unknown>) {
    const whole = engine.name === 'sqlite' ? 'integer' : 'bigint';
    await db.schema
      .createTable('callbacks')
      .addColumn('execution_id', 'text', (column) => column.primaryKey())
      .addColumn('destination', 'text', (column) => column.notNull())
      .addColumn('attempts', whole, (column) => column.notNull())
      .addColumn('ended_at', whole)
      .addColumn('next_attempt_at', whole)
      .addColumn('holder', 'text')
      .addColumn('lease_until', whole)
      .execute();
    await sql`create index callbacks_due on callbacks (next_attempt_at) where next_attempt_at is not null`.execute(db);
  },
});

const installation = (engine: Engine): Migration => ({
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('installation')
      .addColumn('only', engine.name === 'sqlite' ? 'integer' : 'bigint', (column) => column.primaryKey())
      .addColumn('id', 'text', (column) => column.notNull())
      .execute();
  },
});

/** As rate-limiter-flexible 11 expects it; used with PostgreSQL only, where replicas count together. */
const triggerRates = (engine: Engine): Migration => ({
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('trigger_rates')
      .addColumn('key', 'varchar(255)', (column) => column.primaryKey())
      .addColumn('points', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('expire', engine.name === 'sqlite' ? 'integer' : 'bigint')
      .execute();
  },
});

/** Whose lease a lane was taken from, and whether a second write of a change may be under way. */
const doubts = (engine: Engine): Migration => ({
  async up(db: Kysely<unknown>) {
    const whole = engine.name === 'sqlite' ? 'integer' : 'bigint';
    await db.schema.alterTable('lanes').addColumn('taken_from', whole).execute();
    await db.schema
      .alterTable('changes')
      .addColumn('sent_again', whole, (column) => column.notNull().defaultTo(0))
      .execute();
  },
});

/** Whether a change of an item was dropped although it may have been sent. */
const maybeSent = (engine: Engine): Migration => ({
  async up(db: Kysely<unknown>) {
    const whole = engine.name === 'sqlite' ? 'integer' : 'bigint';
    await db.schema
      .alterTable('items')
      .addColumn('maybe_sent', whole, (column) => column.notNull().defaultTo(0))
      .execute();
  },
});

/** All migrations, oldest first. A released one is never edited. */
export function migrationsFor(engine: Engine): MigrationProvider {
  return {
    getMigrations: async () => ({
      '0001-first': first(engine),
      '0002-kept-body': keptBody,
      '0003-callbacks': callbacks(engine),
      '0004-installation': installation(engine),
      '0005-trigger-rates': triggerRates(engine),
      '0006-doubts': doubts(engine),
      '0007-maybe-sent': maybeSent(engine),
    }),
  };
}
