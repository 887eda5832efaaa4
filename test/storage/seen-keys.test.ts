import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { closeChange, commitChange, hold, newExecution, useEngines } from '../support/stores.ts';

const engines = useEngines();

describe.each(engines)('storage: the same event again on $engine', ({ open }) => {
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
    await closeChange(store, lane, changeId, { attempt: { result: 'refused' }, end });

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
