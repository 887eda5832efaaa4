import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import {
  closeChange,
  commitChange,
  hold,
  newExecution,
  otherTarget,
  round,
  target,
  useEngines,
} from '../support/stores.ts';

const engines = useEngines();

describe.each(engines)('storage: lanes on $engine', ({ open }) => {
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

    for (const isTold of [false, true])
      expect(await store.closeChange({ ...closing, isTold, end })).toEqual({ kind: 'lane-lost' });
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

    expect(await closeChange(store, lane, changeId, { attempt: { result: 'sent again' }, end: ended })).toMatchObject({
      next: 'watch',
    });
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

    await closeChange(store, lane, changeId, {
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
    await closeChange(store, lane, changeId);

    expect((await store.readLaneHistory({ target })).sinceLastEffectiveChangeMs).toBeLessThan(5_000);
    expect((await hold(store)).sinceLastEffectiveChangeMs).toBeLessThan(5_000);
  });
});
