import { afterEach, describe, expect, it } from '@jest/globals';
import { startPruning, type Pruning, type PruningOptions } from '../../src/executions/pruning.ts';
import { openSqliteStore } from '../../src/storage/sqlite-store.ts';
import type { NewExecution } from '../../src/storage/store.ts';

const day = 86_400_000;
const quick = { firstAfterMs: 1, everyMs: 5, pauseMs: 1 };
const silent: PruningOptions['log'] = { info: () => undefined, error: () => undefined };

let running: Pruning | undefined;
afterEach(async () => {
  await running?.close();
});

/** Runs until the store has been asked so often; `answers` are how many each bite removed. */
async function bitesOf(answers: readonly (number | Error)[], log = silent): Promise<readonly object[]> {
  const asked: object[] = [];
  const enough = Promise.withResolvers<void>();
  running = startPruning({
    store: {
      async prune(input) {
        const answer = answers[asked.length] ?? 0;
        asked.push(input);
        if (asked.length > answers.length) enough.resolve();
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    history: { days: 30, limit: 5_000 },
    log,
    timing: quick,
  });
  await enough.promise;
  return asked;
}

function ignored(id: number): NewExecution {
  return {
    id: `e${String(id)}`,
    projectId: '1a5',
    receiverId: '1go3',
    receiverName: 'webapp-up',
    driver: 'scaleService',
    format: 'generic',
    config: {},
    signal: { says: 'ignore', reason: 'resolved' },
    targets: [],
    seenKeys: [],
    sendWithinMs: 1,
    laneLimit: 1,
  };
}

describe('executions/pruning', () => {
  it('asks for what is past the age or the count, in bounded bites, until one is not full', async () => {
    const said: object[] = [];

    const asked = await bitesOf([200, 200, 10], { ...silent, info: (facts) => void said.push(facts) });

    expect(asked[0]).toEqual({ olderThanMs: 30 * day, keep: 5_000, atMost: 200 });
    expect(said).toEqual([{ removed: 410 }]);
  });

  it('goes on after the store refused', async () => {
    const complaints: object[] = [];

    await bitesOf([new Error('disk full'), 0], { ...silent, error: (facts) => void complaints.push(facts) });

    expect(complaints).toHaveLength(1);
  });

  it('stops in the middle of a pause', async () => {
    running = startPruning({
      store: { prune: () => Promise.reject(new Error('nobody shall ask')) },
      history: { days: 1, limit: 1 },
      log: silent,
      timing: { firstAfterMs: 600_000 },
    });

    await running.close();
  });

  it('lets triggers through while a long history shrinks', async () => {
    const store = await openSqliteStore(':memory:');
    const length = 5_000;
    await store.accept(Array.from({ length }, (_, index) => ignored(index)));
    const done = Promise.withResolvers<void>();
    running = startPruning({
      store,
      history: { days: 30, limit: 100 },
      log: { ...silent, info: () => done.resolve() },
      timing: quick,
    });
    let isOver = false;
    void done.promise.then(() => {
      isOver = true;
    });

    let longestMs = 0;
    for (let id = length; !isOver; id += 1) {
      const begunMs = performance.now();
      await store.accept([ignored(id)]);
      longestMs = Math.max(longestMs, performance.now() - begunMs);
    }
    await running.close();

    expect(longestMs).toBeLessThan(250);
    expect((await store.listExecutions({ projectId: '1a5', limit: 1_000 })).length).toBeLessThan(400);
    await store.close();
  });
});
