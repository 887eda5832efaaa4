import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import { openPostgresStore } from '../../src/storage/postgres-store.ts';
import { freePort } from '../support/free-port.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import pg from 'pg';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const fileName = 'receiver-hooks.sqlite';

// Each starts a program of its own, on a machine that may have other work.
jest.setTimeout(30_000);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-bad-luck-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

interface Ended {
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** Starts the real program and waits until it ends by itself; Rancher is never reached. */
async function serve(more: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [main, 'serve'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      CATTLE_URL: 'http://127.0.0.1:9',
      CATTLE_ACCESS_KEY: 'access',
      CATTLE_SECRET_KEY: 'very-secret',
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'error',
      SEALING_KEY: Buffer.alloc(32, 7).toString('base64'),
      ...more,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { exitCode, stderr };
}

/** What lies in the data directory, byte for byte. */
async function fingerprint(): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(directory)).toSorted();
  const hashes = names.map(async (name) => {
    const hash = createHash('sha256').update(await readFile(join(directory, name)));
    return [name, hash.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

async function makeDatabase(): Promise<string> {
  const file = join(directory, fileName);
  const store = await openSqliteStore(file);
  await store.installationId('one');
  await store.close();
  return file;
}

async function overwrite(file: string, position: number, length: number): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(length, 0xa5), 0, length, position);
  await handle.close();
}

interface BadFile {
  readonly name: string;
  readonly spoil: () => Promise<unknown>;
  readonly says: RegExp;
}

const badFiles: readonly BadFile[] = [
  {
    name: 'is no database',
    spoil: () => writeFile(join(directory, fileName), 'these are my notes\n'.repeat(500)),
    says: /it is damaged or no database; move it away/,
  },
  {
    name: 'has lost its first page',
    spoil: async () => overwrite(await makeDatabase(), 0, 4_096),
    says: /it is damaged or no database; move it away/,
  },
  {
    name: 'has a first page that makes no sense',
    spoil: async () => overwrite(await makeDatabase(), 100, 3_900),
    says: /it is damaged or no database; move it away/,
  },
  {
    name: 'was cut off',
    spoil: async () => truncate(await makeDatabase(), 8_192),
    says: /it is damaged or no database; move it away/,
  },
  {
    name: 'is of a newer version',
    async spoil() {
      const sqlite = new DatabaseSync(await makeDatabase());
      sqlite.exec("insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00.000Z')");
      sqlite.close();
    },
    says: /it was written by a newer version; start that version/,
  },
];

describe('serve with a bad database', () => {
  it.each(badFiles)('refuses to start when the file $name, and leaves every byte of it', async ({ spoil, says }) => {
    await spoil();
    const before = await fingerprint();

    const { exitCode, stderr } = await serve({ DATA_DIR: directory });

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(says);
    expect(stderr).toContain(fileName);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(await fingerprint()).toEqual(before);
  });

  it('refuses to start when another process has the file, and does not touch it', async () => {
    const file = join(directory, fileName);
    const store = await openSqliteStore(file);
    try {
      // Looked at from outside: to open and close the file in this process would give up the lock (POSIX).
      const before = await stat(file);

      const { exitCode, stderr } = await serve({ DATA_DIR: directory });

      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/another process has it open; stop that one/);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      const { size, mtimeMs } = await stat(file);
      expect({ size, mtimeMs }).toEqual({ size: before.size, mtimeMs: before.mtimeMs });
    } finally {
      await store.close();
    }
  });

  // Also root may not write there.
  it.each([
    ['is not writable', () => '/proc/self', /cannot be written; check that DATA_DIR exists and belongs to this user/],
    ['cannot be made', () => join(directory, 'not', 'there'), /cannot make the data directory .* make its parent/],
    ['is a file', () => join(directory, 'file'), /cannot be written; check that DATA_DIR/],
  ])('refuses to start when DATA_DIR %s', async (_what, place, says) => {
    await writeFile(join(directory, 'file'), 'mine');
    const before = await fingerprint();

    const { exitCode, stderr } = await serve({ DATA_DIR: place() });

    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(says) });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(await fingerprint()).toEqual(before);
  });
});

describe('serve with a bad DATABASE_URL', () => {
  let postgres: PostgresServer;
  let strict: Server;
  let silent: Server;
  beforeAll(async () => {
    postgres = await startPostgresServer();
    strict = await refusePasswords();
    // The log-in waits for the first byte, which never comes: a firewall, or a server that hangs.
    silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  }, 60_000);
  afterAll(async () => {
    strict.close();
    silent.close();
    await postgres.close();
  });

  const withoutDatabase = async (): Promise<string> => `${await postgres.createDatabase()}_not`;
  const asNobody = async (): Promise<string> => (await postgres.createDatabase()).replace('hooks@', 'nobody@');
  const wrongPassword = async (): Promise<string> =>
    `postgres://hooks:my-password@127.0.0.1:${String((strict.address() as AddressInfo).port)}/hooks`;
  const nobodyListens = async (): Promise<string> =>
    `postgres://hooks:my-password@127.0.0.1:${String(await freePort())}/hooks`;
  const nobodyAnswers = async (): Promise<string> =>
    `postgres://hooks:my-password@127.0.0.1:${String((silent.address() as AddressInfo).port)}/hooks`;
  const unknownHost = async (): Promise<string> => 'postgres://hooks:my-password@no-such-host.invalid:5432/hooks';
  const newer = async (): Promise<string> => {
    const url = await postgres.createDatabase();
    await (await openPostgresStore({ url })).close();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01')");
    await client.end();
    return url;
  };

  it.each([
    ['the password is wrong', wrongPassword, /it refuses the user or password of DATABASE_URL/],
    ['the user is unknown', asNobody, /it refuses the user or password of DATABASE_URL/],
    ['there is no such database', withoutDatabase, /the database named in DATABASE_URL does not exist; create it/],
    ['nobody listens there', nobodyListens, /it cannot be reached; check the host and port of DATABASE_URL/],
    ['nobody answers there', nobodyAnswers, /it cannot be reached; check the host and port of DATABASE_URL/],
    ['the host is unknown', unknownHost, /it cannot be reached; check the host and port of DATABASE_URL/],
    ['it is of a newer version', newer, /it was written by a newer version; start that version/],
  ])('refuses to start when %s, in one line without the password', async (_what, locate, says) => {
    const { exitCode, stderr } = await serve({ DATA_DIR: directory, DATABASE_URL: await locate() });

    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(says) });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('my-password');
    expect(await readdir(directory)).toEqual([]);
  });
});

/** A server that answers every log-in as PostgreSQL does a wrong password; the real one of the tests believes everybody. */
async function refusePasswords(): Promise<Server> {
  const fields = ['SFATAL', 'VFATAL', 'C28P01', 'Mpassword authentication failed for user "hooks"'];
  const text = Buffer.from(`${fields.join('\0')}\0\0`);
  const answer = Buffer.alloc(5);
  answer.write('E');
  answer.writeInt32BE(text.length + 4, 1);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([answer, text])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
