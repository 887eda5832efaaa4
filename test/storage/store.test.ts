import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import {
  closeChange,
  commitChange,
  hold,
  ignoredExecution,
  newExecution,
  otherTarget,
  round,
  target,
  useEngines,
} from '../support/stores.ts';

const { holder } = round;
const engines = useEngines();

describe.each(engines)('storage/store on $engine', ({ open }) => {
  it('keeps a trigger from acceptance to its end', async () => {
    const store = await open();
    const asked = newExecution();

    expect(await store.accept([asked])).toEqual([{ kind: 'accepted' }]);
    const lane = await hold(store);
    const { changeId } = await commitChange(store, lane);
    const closed = await closeChange(store, lane, changeId);

    expect(lane.waiting).toMatchObject([
      { executionId: asked.id, config: asked.config, signal: asked.signal, isOnly: true },
    ]);
    expect(closed).toEqual({
      kind: 'committed',
      finished: [{ executionId: asked.id, outcome: 'scaled' }],
      next: 'rest',
    });
    expect(await store.findExecution(asked.id)).toMatchObject({
      state: 'finished',
      outcome: 'scaled',
      from: 1,
      to: 2,
      items: [{ target, state: 'finished', outcome: 'scaled' }],
      attempts: [{ result: 'done' }],
    });
  });

  it('measures what is unfinished, waiting or under way, and for how long', async () => {
    const store = await open();
    expect(await store.measureUnfinished()).toEqual({ count: 0 });

    await store.accept([newExecution(), newExecution({ targets: [target, otherTarget] })]);
    await commitChange(store, await hold(store));
    await pause(5);

    const { count, oldestAgeMs = 0 } = await store.measureUnfinished();
    expect(count).toBe(2);
    expect(oldestAgeMs).toBeGreaterThan(0);
    expect(oldestAgeMs).toBeLessThan(10_000);
  });

  it('hands waiting items out in the order in which they were accepted', async () => {
    const store = await open();
    const asked = Array.from({ length: 30 }, () => newExecution());

    await Promise.all(asked.map((one) => store.accept([one])));

    const lane = await hold(store);
    expect(lane.waiting.map(({ executionId }) => executionId)).toEqual(asked.map(({ id }) => id));
  });

  it('opens a round in the commit that accepts', async () => {
    const store = await open();
    const asked = newExecution({ open: round });

    const [acceptance] = await store.accept([asked]);

    expect(acceptance).toMatchObject({
      kind: 'accepted',
      opened: { kind: 'held', waiting: [{ executionId: asked.id }] },
    });
  });

  it.each([
    { how: 'alone', asking: { open: round } },
    { how: 'behind others', asking: {} },
    {
      how: 'with a key',
      asking: { open: round, seenKeys: [{ kind: 'request', hash: 'h', bodyHash: 'b', livesForMs: 60_000 } as const] },
    },
  ])('stores an execution once that comes again because its answer was lost: $how', async ({ asking }) => {
    const store = await open();
    const asked = newExecution(asking);
    await store.accept([asked]);

    expect(await store.accept([asked])).toMatchObject([{ kind: 'accepted' }]);

    expect((await hold(store)).waiting).toMatchObject([{ executionId: asked.id }]);
    expect(await store.findExecution(asked.id)).toMatchObject({ items: [{ target }] });
  });

  it('finishes an ignored trigger as it is stored', async () => {
    const store = await open();
    const asked = ignoredExecution();

    await store.accept([asked]);

    expect(await store.findExecution(asked.id)).toMatchObject({
      state: 'finished',
      outcome: 'ignored',
      message: 'the alert is resolved',
      items: [],
    });
  });

  describe('several targets', () => {
    it('end an execution with its last item, as partial when they differ', async () => {
      const store = await open();
      const asked = newExecution({ targets: [target, otherTarget] });
      await store.accept([asked]);
      const end = async (on: string, outcome: 'scaled' | 'unchanged') => {
        const lane = await hold(store, { target: on });
        return store.commitRound({
          target: on,
          epoch: lane.epoch,
          ended: lane.waiting.map(({ itemId }) => ({ itemId, outcome, message: '' })),
        });
      };

      expect(await end(target, 'scaled')).toMatchObject({ finished: [] });
      expect(await end(otherTarget, 'unchanged')).toMatchObject({
        finished: [{ executionId: asked.id, outcome: 'partial' }],
      });
    });
  });

  describe('changes under way', () => {
    it('are claimed when due, by one replica, and end with their items', async () => {
      const store = await open();
      const asked = newExecution();
      await store.accept([asked]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      const following = {
        kind: 'following',
        message: 'machines are being made',
        afterMs: 0,
        body: { made: ['1h7'] },
      } as const;
      await closeChange(store, lane, changeId, { attempt: { result: 'accepted' }, end: following });
      const claim = (by: string) => store.claimFollowed({ holder: by, leaseMs: 10_000, limit: 10 });

      const [mine, theirs] = [await claim('replica-1'), await claim('replica-2')];
      const foreign = await store.stepFollowed({
        changeId,
        target,
        holder: 'replica-2',
        end: { kind: 'ended', state: 'done', outcome: 'scaled' },
      });
      const ended = await store.stepFollowed({
        changeId,
        target,
        holder: 'replica-1',
        end: { kind: 'ended', state: 'done', outcome: 'scaled' },
      });

      expect(mine).toMatchObject([{ changeId, driver: 'scaleService', body: { made: ['1h7'] } }]);
      expect(theirs).toEqual([]);
      expect(foreign).toEqual({ kind: 'lane-lost' });
      expect(ended).toMatchObject({ finished: [{ executionId: asked.id, outcome: 'scaled' }] });
    });

    it('are as old as their sending for a cooldown, however often they are looked at', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      const following = { kind: 'following', message: 'a machine is being made', afterMs: 0 } as const;
      await closeChange(store, lane, changeId, { attempt: { result: 'accepted' }, end: following });
      await pause(200);
      const ends = [following, { kind: 'ended', state: 'done', outcome: 'scaled' }] as const;

      for (const end of ends) {
        await store.claimFollowed({ holder, leaseMs: 10_000, limit: 10 });
        await store.stepFollowed({ changeId, target, holder, end });
        expect((await store.readLaneHistory({ target })).sinceLastEffectiveChangeMs).toBeGreaterThanOrEqual(199);
      }
    });

    it('are not due before their time', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      await closeChange(store, lane, changeId, {
        attempt: { result: '' },
        end: { kind: 'following', message: '', afterMs: 60_000 },
      });

      expect(await store.claimFollowed({ holder, leaseMs: 1_000, limit: 10 })).toEqual([]);
    });
  });

  describe('history', () => {
    it('filters, pages and keeps projects apart', async () => {
      const store = await open();
      const mine = Array.from({ length: 5 }, (_, index) =>
        newExecution({ receiverId: index % 2 === 0 ? '1go3' : '1go4' }),
      );
      await store.accept([...mine, newExecution({ projectId: '1a7' })]);

      const page = await store.listExecutions({ projectId: '1a5', limit: 2 });
      const next = await store.listExecutions({ projectId: '1a5', limit: 10, beforeSeq: page.at(-1)?.seq ?? 0 });

      expect(page.map(({ id }) => id)).toEqual([mine[4]?.id, mine[3]?.id]);
      expect(next.map(({ id }) => id)).toEqual([mine[2]?.id, mine[1]?.id, mine[0]?.id]);
      expect(await store.listExecutions({ projectId: '1a5', receiverId: '1go4', limit: 10 })).toHaveLength(2);
      expect(await store.listExecutions({ projectId: '1a5', target, limit: 10 })).toHaveLength(5);
      expect(await store.listExecutions({ projectId: '1a5', outcome: 'scaled', limit: 10 })).toHaveLength(0);
      expect(
        await store.listExecutions({ projectId: '1a5', acceptedFromMs: Date.now() + 60_000, limit: 10 }),
      ).toHaveLength(0);
    });

    it.each(['waiting', 'under-way', 'finished'] as const)('fills its pages with what is %s', async (state) => {
      const store = await open();
      const [finished, waiting, underWay, begun] = [
        ignoredExecution(),
        newExecution({ targets: ['1a5/service/1s9/scale'] }),
        newExecution(),
        newExecution({ targets: [target, otherTarget] }),
      ];
      const later = newExecution({ targets: ['1a5/service/1s9/scale'] });
      await store.accept([finished, waiting, underWay, begun]);
      await commitChange(store, await hold(store));
      await store.accept([later, ignoredExecution({ id: 'e-last' })]);
      const wanted = {
        waiting: [later.id, waiting.id],
        'under-way': [begun.id, underWay.id],
        finished: ['e-last', finished.id],
      }[state];

      const [first] = await store.listExecutions({ projectId: '1a5', state, limit: 1 });
      const rest = await store.listExecutions({ projectId: '1a5', state, limit: 5, beforeSeq: first?.seq ?? 0 });

      expect([first, ...rest].map((one) => one?.id)).toEqual(wanted);
    });

    it('prunes by count and by age, and never what is unfinished', async () => {
      const store = await open();
      const unfinished = newExecution();
      await store.accept([unfinished, ...Array.from({ length: 10 }, () => ignoredExecution())]);

      expect(await store.prune({ olderThanMs: 60_000, keep: 4, atMost: 100 })).toBe(6);
      await pause(20);
      expect(await store.prune({ olderThanMs: 10, keep: 100, atMost: 100 })).toBe(4);
      expect(await store.listExecutions({ projectId: '1a5', limit: 100 })).toMatchObject([{ id: unfinished.id }]);
    });
  });
});
