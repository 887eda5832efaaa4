import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import {
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
    const closed = await store.closeChange({
      target,
      epoch: lane.epoch,
      changeId,
      attempt: { result: 'done' },
      end: { kind: 'ended', state: 'done', outcome: 'scaled' },
    });

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

  describe('lanes', () => {
    it('are held by one at a time and served again once the lease ran out', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const first = await hold(store, { leaseMs: 300 });

      expect(await store.openRound({ ...round, holder: 'replica-2' })).toMatchObject({ kind: 'elsewhere' });
      await pause(400);
      const second = await hold(store, { holder: 'replica-2' });

      expect(second.epoch).toBe(first.epoch + 1);
      expect(second.waiting).toHaveLength(1);
    });

    it('refuse a commit of whoever lost them, and change nothing', async () => {
      const store = await open();
      const asked = newExecution();
      await store.accept([asked]);
      const lost = await hold(store, { leaseMs: 1 });
      await pause(20);
      const taken = await hold(store, { holder: 'replica-2' });
      const [item] = lost.waiting;
      const ended = [{ itemId: item?.itemId ?? '', outcome: 'scaled' as const, message: 'late' }];

      expect(await store.commitRound({ target, epoch: lost.epoch, ended })).toEqual({ kind: 'lane-lost' });
      expect(await store.findExecution(asked.id)).toMatchObject({ state: 'waiting' });
      expect(taken.epoch).toBeGreaterThan(lost.epoch);
    });

    it('roll a round back in which an item was decided meanwhile', async () => {
      const store = await open();
      const [one, two] = [newExecution(), newExecution()];
      await store.accept([one, two]);
      const stale = await hold(store);
      const [first, second] = stale.waiting;
      const end = (itemId = '') => ({ itemId, outcome: 'unchanged' as const, message: '' });
      await store.commitRound({ target, epoch: stale.epoch, ended: [end(first?.itemId)] });

      const again = await store.commitRound({
        target,
        epoch: stale.epoch,
        ended: [end(second?.itemId), end(first?.itemId)],
      });

      expect(again).toEqual({ kind: 'lane-lost' });
      expect(await store.findExecution(two.id)).toMatchObject({ state: 'waiting' });
    });

    it('begin no change for any item when one of them was decided meanwhile', async () => {
      const store = await open();
      const [one, two] = [newExecution(), newExecution()];
      await store.accept([one, two]);
      const stale = await hold(store);
      const itemId = stale.waiting[0]?.itemId ?? '';
      await store.commitRound({ target, epoch: stale.epoch, ended: [{ itemId, outcome: 'unchanged', message: '' }] });

      const { committed } = await commitChange(store, stale);

      expect(committed).toEqual({ kind: 'lane-lost' });
      const again = await hold(store);
      expect(again.open).toBeUndefined();
      expect(again.waiting.map(({ executionId }) => executionId)).toEqual([two.id]);
    });

    it('neither begin nor close a change of whoever lost them', async () => {
      const store = await open();
      const [one, two] = [newExecution(), newExecution()];
      await store.accept([one]);
      const lost = await hold(store, { leaseMs: 300 });
      const { changeId } = await commitChange(store, lost);
      await store.accept([two]);
      await pause(400);
      const taken = await hold(store, { holder: 'replica-2' });
      const closing = { target, epoch: lost.epoch, changeId, attempt: { result: 'done' } };
      const end = { kind: 'ended', state: 'done', outcome: 'scaled' } as const;

      expect(await store.closeChange({ ...closing, end })).toEqual({ kind: 'lane-lost' });
      expect((await commitChange(store, { ...taken, epoch: lost.epoch })).committed).toEqual({ kind: 'lane-lost' });

      expect(await store.findExecution(one.id)).toMatchObject({
        attempts: [],
        items: [{ changeId, state: 'under-way' }],
      });
      expect(await hold(store, { holder: 'replica-2' })).toMatchObject({
        epoch: taken.epoch,
        open: { changeId },
        waiting: [{ executionId: two.id }],
      });
    });

    it('tell for how long the write of a dead holder may still be under way', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const lane = await hold(store, { leaseMs: 200 });
      const items = lane.waiting.map(({ itemId }) => ({ itemId, message: '' }));
      await store.commitRound({
        target,
        epoch: lane.epoch,
        ended: [],
        change: { changeId: 'c1', driver: 'scaleService', body: {}, items },
      });
      await pause(300);

      const { open: unfinished } = await hold(store, { holder: 'replica-2' });

      expect(unfinished?.doubtForMs).toBeGreaterThan(9_000);
      expect(unfinished?.doubtForMs).toBeLessThan(10_000);
    });

    it('remember a late write until it cannot land any more', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      const ended = { kind: 'ended', state: 'done', outcome: 'scaled', lateWriteForMs: 400 } as const;

      expect(
        await store.closeChange({ target, epoch: lane.epoch, changeId, attempt: { result: 'sent again' }, end: ended }),
      ).toMatchObject({ next: 'watch' });
      const watching = await hold(store);
      await pause(500);
      const over = await hold(store);

      expect(watching.lateWrite).toMatchObject({ inDoubt: [{ to: 2 }], latest: { to: 2 }, driver: 'scaleService' });
      expect(over.lateWrite).toBeUndefined();
    });

    it('are found again when something waits and nobody holds them', async () => {
      const store = await open();
      await store.accept([newExecution(), newExecution({ targets: [otherTarget] })]);
      await store.openRound(round);

      expect(await store.idleTargets({ limit: 10 })).toEqual([otherTarget]);
    });

    it('let a dropped change wait again with all its items', async () => {
      const store = await open();
      await store.accept([newExecution(), newExecution()]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);

      await store.closeChange({
        target,
        epoch: lane.epoch,
        changeId,
        attempt: { result: 'not applied', code: 'RANCHER_CONFLICT' },
        end: { kind: 'dropped' },
      });

      const again = await hold(store);
      expect(again.waiting).toHaveLength(2);
      expect(again.open).toBeUndefined();
    });

    const seenKeys = [{ kind: 'request', hash: 'h', bodyHash: 'b', livesForMs: 1_000 }] as const;

    it.each([
      { way: 'behind others', asking: { seenKeys } },
      { way: 'as the first who comes', asking: { seenKeys, open: round } },
      { way: 'as the first who comes and without a key', asking: { open: round } },
    ])('refuse more than may wait, $way, and store nothing of it', async ({ asking }) => {
      const store = await open();
      await store.accept([newExecution({ laneLimit: 2 }), newExecution({ laneLimit: 2 })]);
      const asked = newExecution({ laneLimit: 2, ...asking });

      expect(await store.accept([asked])).toEqual([{ kind: 'lane-full' }]);
      expect(await store.findExecution(asked.id)).toBeUndefined();
      expect((await hold(store, { holder: 'replica-2' })).waiting).toHaveLength(2);
      expect(await store.accept([newExecution({ targets: ['1a5/service/1s9/scale'], seenKeys })])).toEqual([
        { kind: 'accepted' },
      ]);
    });

    it('are not opened for who comes where others wait, so that they are decided with him', async () => {
      const store = await open();
      const [first, second] = [newExecution(), newExecution({ open: round })];
      await store.accept([first]);

      await store.accept([second]);

      const lane = await hold(store);
      expect(lane.waiting.map(({ executionId }) => executionId)).toEqual([first.id, second.id]);
    });

    it('keep what is accepted for them while somebody else holds them', async () => {
      const store = await open();
      await hold(store, { holder: 'replica-2' });
      const asked = newExecution({ open: round });

      expect(await store.accept([asked])).toMatchObject([{ kind: 'accepted', opened: { kind: 'elsewhere' } }]);

      expect(await hold(store, { holder: 'replica-2' })).toMatchObject({ waiting: [{ executionId: asked.id }] });
    });

    it('tell whoever takes them with a new trigger what the dead holder may still do, and then again', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const dead = await hold(store, { holder: 'replica-2', leaseMs: 200 });
      const { changeId } = await commitChange(store, dead);
      const { epoch } = dead;
      const attempt = { result: 'in doubt' };
      await store.markDoubt({ target, epoch, changeId, doubtMs: 1, isSentAgain: false, attempt });
      await pause(300);

      await store.accept([newExecution({ open: round })]);

      const { open: unfinished } = await hold(store);
      expect(unfinished).toMatchObject({ changeId, isSentAgain: true });
      expect(unfinished?.doubtForMs).toBeGreaterThan(9_000);
      expect(unfinished?.doubtForMs).toBeLessThan(10_000);
    });

    it('know the age of the last effective change by the database clock', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      expect(await store.readLaneHistory({ target })).toEqual({});
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      await store.closeChange({
        target,
        epoch: lane.epoch,
        changeId,
        attempt: { result: 'done' },
        end: { kind: 'ended', state: 'done', outcome: 'scaled' },
      });

      expect((await store.readLaneHistory({ target })).sinceLastEffectiveChangeMs).toBeLessThan(5_000);
      expect((await hold(store)).sinceLastEffectiveChangeMs).toBeLessThan(5_000);
    });
  });

  describe('the same event again', () => {
    const event = { kind: 'event', hash: 'group-1', bodyHash: 'b1', livesForMs: 60_000 } as const;
    const request = { kind: 'request', hash: 'key-1', bodyHash: 'b1', livesForMs: 60_000 } as const;

    it('points to the first execution', async () => {
      const store = await open();
      const first = newExecution({ seenKeys: [event] });

      expect(await store.accept([first, newExecution({ seenKeys: [event] })])).toEqual([
        { kind: 'accepted' },
        { kind: 'duplicate', executionId: first.id },
      ]);
      expect(await store.accept([newExecution({ seenKeys: [event], receiverId: '1go4' })])).toEqual([
        { kind: 'accepted' },
      ]);
    });

    it('is a mistake when the same request key comes with another body', async () => {
      const store = await open();
      await store.accept([newExecution({ seenKeys: [request] })]);

      expect(await store.accept([newExecution({ seenKeys: [{ ...request, bodyHash: 'b2' }] })])).toEqual([
        { kind: 'request-key-reused' },
      ]);
    });

    it('is known by every key it came with, once one of them was known', async () => {
      const store = await open();
      const first = newExecution({ seenKeys: [{ ...event, livesForMs: 1_000 }] });
      await store.accept([first]);
      const repeated = { kind: 'duplicate', executionId: first.id };
      expect(await store.accept([newExecution({ seenKeys: [request, event] })])).toEqual([repeated]);
      await pause(1_100);

      expect(await store.accept([newExecution({ seenKeys: [request, event] })])).toEqual([repeated]);
    });

    it('counts anew once the key has expired', async () => {
      const store = await open();
      await store.accept([newExecution({ seenKeys: [{ ...event, livesForMs: 50 }] })]);
      await pause(100);

      expect(await store.accept([newExecution({ seenKeys: [event] })])).toEqual([{ kind: 'accepted' }]);
    });

    it.each([
      { applied: 'no', again: 'accepted' },
      { applied: 'unknown', again: 'duplicate' },
    ] as const)('is $again after a failure with applied: $applied', async ({ applied, again }) => {
      const store = await open();
      await store.accept([newExecution({ seenKeys: [event] })]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      const end = { kind: 'ended', state: 'failed', outcome: 'failed', code: 'RANCHER_REJECTED', applied } as const;
      await store.closeChange({ target, epoch: lane.epoch, changeId, attempt: { result: 'refused' }, end });

      expect(await store.accept([newExecution({ seenKeys: [event] })])).toMatchObject([{ kind: again }]);
    });

    it('is stored once when it comes a hundred times at once', async () => {
      const store = await open();

      const acceptances = await Promise.all(
        Array.from({ length: 100 }, () => store.accept([newExecution({ seenKeys: [event] })])),
      );

      expect(acceptances.flat().filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
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
      await store.closeChange({ target, epoch: lane.epoch, changeId, attempt: { result: 'accepted' }, end: following });
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

    it('are not due before their time', async () => {
      const store = await open();
      await store.accept([newExecution()]);
      const lane = await hold(store);
      const { changeId } = await commitChange(store, lane);
      await store.closeChange({
        target,
        epoch: lane.epoch,
        changeId,
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
