import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { BriefClient } from '../../src/storage/postgres-client.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';

interface Answer {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: readonly Record<string, unknown>[];
}

let server: PostgresServer;
let url: string;
let client: BriefClient;
/** How often the server said that it is ready for the next piece. */
let pieces: number;

const ask = (text: string, values: readonly unknown[] = []): Promise<Answer> =>
  (client.query as unknown as (text: string, values: readonly unknown[]) => Promise<Answer>).call(client, text, values);
const insert = (id: number, name: string | null): Promise<Answer> =>
  ask('insert into things (id, name) values ($1, $2)', [id, name]);
const things = (): Promise<Answer> => ask('select id, name from things where id > $1 order by id', [0]);

beforeAll(async () => {
  server = await startPostgresServer();
}, 60_000);
afterAll(() => server.close());

beforeEach(async () => {
  url = await server.createDatabase();
  client = new BriefClient({ connectionString: url, pipeline: true, query_timeout: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  await ask('create table things (id integer primary key, name text)');
  pieces = 0;
  const { connection } = client as unknown as { readonly connection: NodeJS.EventEmitter };
  connection.on('readyForQuery', () => (pieces += 1));
});
afterEach(() => client.end());

describe('storage/postgres-client', () => {
  it('is answered in one piece for what a transaction asks in one turn, and tells each who reads', async () => {
    await ask('begin');
    const [, one, , all, committed] = await Promise.all([
      insert(1, null),
      ask('insert into things (id, name) values ($1, $2) returning id', [2, 'two']),
      ask("select pg_notify('channel', $1)", ['news']),
      things(),
      ask('commit'),
    ]);

    expect(one).toMatchObject({ command: 'INSERT', rowCount: 1, rows: [{ id: 2 }] });
    expect(all).toMatchObject({
      command: 'SELECT',
      rowCount: 2,
      rows: [
        { id: 1, name: null },
        { id: 2, name: 'two' },
      ],
    });
    expect(committed.command).toBe('COMMIT');
    expect(pieces).toBe(1);
  });

  it('tells the reason of a statement that nobody reads to whoever reads after it, and keeps nothing', async () => {
    await ask('begin');
    const asked = [insert(1, 'one'), insert(1, 'one again'), things(), ask('commit')];

    const [, , read, committed] = await Promise.allSettled(asked);

    expect(read).toMatchObject({ status: 'rejected', reason: { code: '23505' } });
    expect(committed).toMatchObject({ status: 'rejected', reason: { code: '23505' } });
    await ask('rollback');
    expect((await things()).rows).toEqual([]);
  });

  it('tells it also in the turns that follow', async () => {
    await ask('begin');
    await insert(1, 'one');
    await insert(1, 'one again');
    await expect(things()).rejects.toMatchObject({ code: '23505' });

    await expect(ask('commit')).rejects.toMatchObject({ code: '23505' });
    await ask('rollback');

    await ask('begin');
    await insert(1, 'one');
    await ask('commit');
    expect((await things()).rows).toEqual([{ id: 1, name: 'one' }]);
  });

  it('prepares anew what could not be prepared, and what stood behind it', async () => {
    const missing = (): Promise<Answer> => ask('select id from later where id > $1', [0]);
    const behind = (): Promise<Answer> => ask('select id from things where id < $1', [0]);
    await ask('begin');
    const failed = await Promise.allSettled([missing(), behind(), ask('commit')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await ask('rollback');

    await ask('create table later (id integer)');
    await ask('begin');
    const [one, other] = await Promise.all([missing(), behind(), ask('commit')]);

    expect([one.rows, other.rows]).toEqual([[], []]);
    // Prepared before it failed: its name is taken.
    await ask('begin');
    await expect(ask('select 1 / id as one from later where id = $1', [1])).resolves.toMatchObject({ rows: [] });
    await ask('insert into later values (0)');
    await expect(ask('select 1 / id as one from later where id = $1', [0])).rejects.toMatchObject({ code: '22012' });
    await ask('rollback');
    expect((await ask('select 1 / id as one from later where id = $1', [1])).rows).toEqual([]);
  });

  it('fails all that is under way when its connection breaks', async () => {
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    const { rows } = await ask('select pg_backend_pid() as pid where $1 = 1', [1]);
    await ask('begin');
    const asked = Promise.allSettled([ask('select pg_sleep($1)', [60]), things(), ask('commit')]);
    const isAsleep = async (): Promise<boolean> =>
      (await other.query("select 1 from pg_stat_activity where wait_event = 'PgSleep'")).rows.length > 0;
    while (!(await isAsleep())) continue;

    await other.query('select pg_terminate_backend($1)', [rows[0]?.['pid']]);

    expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(things()).rejects.toThrow();
    await other.end();
  });
});
