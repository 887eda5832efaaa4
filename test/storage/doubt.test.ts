import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../../src/storage/store.ts';
import { closeChange, commitChange, hold, newExecution, target, useEngines } from '../support/stores.ts';

describe.each(useEngines())('storage on $engine: a change whose sending is not known to have ended', ({ open }) => {
  it('is waited for at every look after it was taken over', async () => {
    const store = await open();
    await commitChange(store, await hold(store, { leaseMs: 200 }));
    await pause(250);

    const first = await hold(store, { holder: 'replica-2' });
    const second = await hold(store, { holder: 'replica-2' });

    expect(first.open?.doubtForMs).toBeGreaterThan(8_000);
    expect(second.open?.doubtForMs).toBeGreaterThan(8_000);
  });

  it('is waited for by its own holder whose note of the doubt was lost', async () => {
    const store = await open();
    await commitChange(store, await hold(store));

    const { open: unfinished } = await hold(store);

    expect(unfinished?.doubtForMs).toBeGreaterThan(8_000);
  });
});

describe.each(useEngines())('storage on $engine: an item whose change was dropped out of doubt', ({ open }) => {
  const key = { kind: 'event', hash: 'h', bodyHash: 'b', livesForMs: 60_000 } as const;
  const refused = { outcome: 'failed', applied: 'no', code: 'FORWARD_FAILED', message: 'it was refused' } as const;

  /** One item that was perhaps sent and one that was not, both waiting again. */
  async function dropped(store: Store) {
    const perhaps = newExecution({ seenKeys: [key] });
    await store.accept([perhaps]);
    const first = await hold(store);
    const { changeId } = await commitChange(store, first);
    await closeChange(store, first, changeId, { end: { kind: 'dropped', applied: 'unknown' } });
    const never = newExecution();
    await store.accept([never]);
    const second = await hold(store);
    const { changeId: unsent } = await commitChange(store, second);
    await closeChange(store, second, unsent, { end: { kind: 'dropped' } });
    return { perhaps, never, lane: await hold(store) };
  }

  const isToldSo = async (store: Store, { perhaps, never }: Awaited<ReturnType<typeof dropped>>) => {
    const told = expect.stringMatching(/^it was refused; .*may have arrived/) as unknown;
    const ended = { ...refused, applied: 'unknown', message: told };
    expect(await store.findExecution(perhaps.id)).toMatchObject({ ...ended, items: [ended] });
    expect(await store.findExecution(never.id)).toMatchObject({ ...refused, items: [refused] });
    // Its key still holds.
    const [again] = await store.accept([newExecution({ seenKeys: [key] })]);
    expect(again).toMatchObject({ kind: 'duplicate' });
  };

  it('is known as such, and no other is', async () => {
    const store = await open();

    const { perhaps, lane } = await dropped(store);

    expect(lane.waiting.map(({ executionId, isMaybeSent }) => [executionId === perhaps.id, isMaybeSent])).toEqual([
      [true, true],
      [false, undefined],
    ]);
  });

  it('does not end as proven not applied by a decision', async () => {
    const store = await open();
    const all = await dropped(store);
    const { epoch, waiting } = all.lane;

    const ended = waiting.map(({ itemId }) => ({ itemId, ...refused }));
    await store.commitRound({ target, epoch, ended });

    await isToldSo(store, all);
  });

  it.each(['alike', 'one by one'])('does not end as proven not applied with its next change, ended %s', async (how) => {
    const store = await open();
    const all = await dropped(store);
    const { changeId } = await commitChange(store, all.lane);

    const items = all.lane.waiting.map(({ itemId }) => ({ itemId, ...refused }));
    const end = { kind: 'ended', state: 'failed', ...refused, ...(how === 'alike' ? {} : { items }) } as const;
    await closeChange(store, all.lane, changeId, { end });

    await isToldSo(store, all);
  });

  it('ends as scaled and says no more', async () => {
    const store = await open();
    const { perhaps, lane } = await dropped(store);
    const { changeId } = await commitChange(store, lane);

    await closeChange(store, lane, changeId);

    const found = await store.findExecution(perhaps.id);
    expect(found).toMatchObject({ outcome: 'scaled', message: 'scaled' });
    expect(found).not.toHaveProperty('applied');
  });

  it('counts as under way while it waits, and is not cancelled', async () => {
    const store = await open();
    const { perhaps, never } = await dropped(store);
    const listed = async (state: 'waiting' | 'under-way') =>
      (await store.listExecutions({ projectId: '1a5', state, limit: 10 })).map(({ id }) => id);
    const end = { code: 'CANCELLED', message: 'cancelled before anything was sent' } as const;

    expect(await store.findExecution(perhaps.id)).toMatchObject({ items: [{ state: 'under-way' }] });
    expect(await listed('under-way')).toEqual([perhaps.id]);
    expect(await listed('waiting')).toEqual([never.id]);
    expect(await store.cancel({ executionId: perhaps.id, end })).toBe('begun');
    expect(await store.cancel({ executionId: never.id, end })).toBe('cancelled');
    expect((await hold(store)).waiting.map(({ executionId }) => executionId)).toEqual([perhaps.id]);
  });
});
