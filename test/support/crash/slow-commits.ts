import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { isMainThread } from 'node:worker_threads';

// Loaded first by every thread of a service: whichever thread holds the SQLite file, each commit that has something to flush
// takes as long as on a bad disk, and the thread stands still for it.
const commitMs = 50;
const never = new Int32Array(new SharedArrayBuffer(4));
const prepare = Reflect.get<DatabaseSync, 'prepare'>(DatabaseSync.prototype, 'prepare');

DatabaseSync.prototype.prepare = function prepareSlowly(this: DatabaseSync, text) {
  const statement = prepare.call(this, text);
  if (text !== 'commit') return statement;
  const changes = prepare.call(this, 'select total_changes() as count');
  const commit = statement.run.bind(statement);
  let flushed: unknown;
  statement.run = () => {
    const count = changes.get()?.['count'];
    if (count !== flushed) Atomics.wait(never, 0, 0, commitMs);
    flushed = count;
    return commit();
  };
  return statement;
};

/** How late timers of the main thread came since the last question, milliseconds. */
export interface TimersToldLate {
  readonly medianMs: number;
}

if (isMainThread) {
  const lateness = monitorEventLoopDelay({ resolution: 5 });
  lateness.enable();
  // Asked by SIGUSR2, told in a line of its own.
  process.on('SIGUSR2', () => {
    const told: TimersToldLate = { medianMs: lateness.percentile(50) / 1e6 };
    lateness.reset();
    process.stdout.write(`timers ${JSON.stringify(told)}\n`);
  });
}
