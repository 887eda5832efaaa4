import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';

const sqliteStore = pathToFileURL(join(process.cwd(), 'src/storage/sqlite-store.ts')).href;

// A message that is none ends the thread as a fault of ours or a lack of memory would.
const program = `
  import { Worker } from 'node:worker_threads';
  const { postMessage } = Worker.prototype;
  let thread;
  Worker.prototype.postMessage = function (...message) {
    thread = this;
    return postMessage.apply(this, message);
  };
  const { openSqliteStore } = await import(${JSON.stringify(sqliteStore)});
  const store = await openSqliteStore(process.argv[2]);
  await store.ping();
  postMessage.call(thread, null);
  await store.ping().catch(() => undefined);
  process.exit(0);
`;

describe('storage/store-thread', () => {
  it('takes the process with it when it ends by a fault: whoever runs it starts it again, and it could store nothing more', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-thread-'));
    const main = join(directory, 'main.mjs');
    await writeFile(main, program);
    const child = spawn(process.execPath, [main, join(directory, 'receiver-hooks.sqlite')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')]);

    expect(said).toContain('the database thread ended');
    expect(exitCode).not.toBe(0);
    await rm(directory, { recursive: true });
  });

  it('keeps its file and its log from other users: bodies that are to be forwarded lie in them', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-thread-'));
    const file = join(directory, 'receiver-hooks.sqlite');
    const store = await openSqliteStore(file);
    const modes = await Promise.all([file, `${file}-wal`].map(async (one) => (await stat(one)).mode & 0o777));
    await store.close();
    await rm(directory, { recursive: true });

    expect(modes).toEqual([0o600, 0o600]);
  });
});
