import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import {
  closeChange,
  commitChange,
  hold,
  ignoredExecution,
  newExecution,
  otherTarget,
  target,
  useEngines,
} from '../support/stores.ts';

const cancelled = { code: 'CANCELLED', message: 'cancelled before anything was sent' } as const;

const engines = useEngines();

describe.each(engines)('storage/operations on $engine', ({ locate, open }) => {
  describe('a cancellation', () => {
    it('ends what waits as failed and proven not applied, and frees its keys', async () => {
      const store = await open();
      const key = { kind: 'event', hash: 'h', bodyHash: 'b', livesForMs: 60_000 } as const;
      const asked = newExecution({ targets: [target, otherTarget], seenKeys: [key] });
      await store.accept([asked]);

      expect(await store.cancel({ executionId: asked.id, end: cancelled })).toBe('cancelled');

      const ended = { outcome: 'failed', applied: 'no', ...cancelled };
      expect(await store.findExecution(asked.id)).toMatchObject({
        state: 'finished',
        outcome: 'failed',
        applied: 'no',
        code: 'CANCELLED',
        items: [ended, ended],
      });
      expect((await hold(store)).waiting).toEqual([]);
      expect(await store.accept([newExecution({ seenKeys: [key] })])).toEqual([{ kind: 'accepted' }]);
    });

    it('leaves alone what is under way, even in one of several targets', async () => {
      const store = await open();
      const asked = newExecution({ targets: [target, otherTarget] });
      await store.accept([asked]);
      await commitChange(store, await hold(store));

      expect(await store.cancel({ executionId: asked.id, end: cancelled })).toBe('begun');

      expect((await hold(store, { target: otherTarget })).waiting).toHaveLength(1);
      expect(await store.findExecution(asked.id)).toMatchObject({ state: 'waiting' });
    });

    it('says what has ended, and what is not there', async () => {
      const store = await open();
      const over = ignoredExecution();
      await store.accept([over]);

      expect(await store.cancel({ executionId: over.id, end: cancelled })).toBe('finished');
      expect(await store.cancel({ executionId: 'none', end: cancelled })).toBe('unknown');
    });

    it('rolls the round back that had already read the item', async () => {
      const store = await open();
      const asked = newExecution();
      await store.accept([asked]);
      const lane = await hold(store);

      await store.cancel({ executionId: asked.id, end: cancelled });

      expect((await commitChange(store, lane)).committed).toEqual({ kind: 'lane-lost' });
      expect((await hold(store)).open).toBeUndefined();
    });

    it('and a round that begins at the same time never both win', async () => {
      const store = await open();
      for (let turn = 0; turn < 25; turn += 1) {
        const asked = newExecution();
        await store.accept([asked]);
        const lane = await hold(store);

        const [end, sent] = await Promise.all([
          store.cancel({ executionId: asked.id, end: cancelled }),
          commitChange(store, lane),
        ]);

        const wasSent = sent.committed.kind === 'committed';
        expect(end).toBe(wasSent ? 'begun' : 'cancelled');
        const after = await hold(store);
        if (after.open === undefined) continue;
        await closeChange(store, after, after.open.changeId);
      }
    });
  });

  it('ends an execution whose last two items end at the same moment', async () => {
    const store = await open();
    for (let turn = 0; turn < 25; turn += 1) {
      const asked = newExecution({ targets: [target, otherTarget] });
      await store.accept([asked]);
      const lanes = [await hold(store), await hold(store, { target: otherTarget })];

      await Promise.all(
        lanes.map(({ epoch, waiting }, index) =>
          store.commitRound({
            target: [target, otherTarget][index] ?? '',
            epoch,
            ended: waiting.map(({ itemId }) => ({ itemId, outcome: 'unchanged', message: 'nothing to change' })),
          }),
        ),
      );

      expect(await store.findExecution(asked.id)).toMatchObject({ state: 'finished', outcome: 'unchanged' });
    }
  });

  it('tells what an execution was asked for with', async () => {
    const store = await open();
    const asked = newExecution({ signal: { says: 'fire', reason: 'called', dedupeKey: 'k' } });
    await store.accept([asked]);

    expect(await store.findSignal(asked.id)).toEqual(asked.signal);
    expect(await store.findSignal('none')).toBeUndefined();
  });

  it('keeps the name of its installation for good', async () => {
    const at = await locate();
    const store = await open(at);

    const names = await Promise.all(['first', 'second', 'third'].map((name) => store.installationId(name)));

    expect(new Set(names).size).toBe(1);
    await store.close();
    expect(await (await open(at)).installationId('later')).toBe(names[0]);
  });

  describe('pruning', () => {
    it('takes the oldest first, so many at a time, until it finds nothing more', async () => {
      const store = await open();
      const all = Array.from({ length: 25 }, () => ignoredExecution());
      await store.accept(all);

      const bites: number[] = [];
      do bites.push(await store.prune({ olderThanMs: 60_000, keep: 5, atMost: 8 }));
      while (bites.at(-1) !== 0);

      expect(bites).toEqual([8, 8, 4, 0]);
      const left = await store.listExecutions({ projectId: '1a5', limit: 100 });
      expect(left.map(({ id }) => id)).toEqual(
        all
          .slice(-5)
          .map(({ id }) => id)
          .toReversed(),
      );
    });

    it('is not held up by what is older and unfinished', async () => {
      const store = await open();
      const waiting = [newExecution(), newExecution(), newExecution()];
      await store.accept([...waiting, ...Array.from({ length: 5 }, () => ignoredExecution())]);
      await pause(20);

      expect(await store.prune({ olderThanMs: 10, keep: 1_000, atMost: 2 })).toBe(2);
      expect(await store.prune({ olderThanMs: 10, keep: 1_000, atMost: 100 })).toBe(3);

      expect((await hold(store)).waiting).toHaveLength(3);
    });

    it('takes the attempts with it', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const lane = await hold(store);
      const ended = lane.waiting.map(({ itemId }) => ({ itemId, outcome: 'unchanged', message: '' }) as const);
      await store.commitRound({ target, epoch: lane.epoch, ended, attempt: { result: 'looked' } });
      await pause(20);

      expect(await store.prune({ olderThanMs: 10, keep: 1_000, atMost: 10 })).toBe(1);

      const next = newExecution();
      await store.accept([next]);
      expect(await store.findExecution(next.id)).toMatchObject({ attempts: [] });
    });
  });
});
