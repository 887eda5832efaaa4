import { describe, expect, it } from '@jest/globals';
import type { Acceptance, Store } from '../../src/storage/store.ts';
import { hold, newExecution, target, useEngines } from '../support/stores.ts';

const claim = { holder: 'replica-1', leaseMs: 15_000, limit: 10 };

async function accept(
  store: Store,
  id: string,
  more: { readonly callback?: string; readonly signedAs?: string; readonly targets?: readonly string[] } = {},
): Promise<Acceptance['kind'] | undefined> {
  const { callback, signedAs, targets = [target] } = more;
  const seenKeys =
    signedAs === undefined ? [] : [{ kind: 'signature', hash: signedAs, bodyHash: 'b', livesForMs: 60_000 } as const];
  const signal = { says: targets.length === 0 ? 'ignore' : 'fire', reason: 'called' } as const;
  const asked = newExecution({ id, signal, targets, seenKeys, ...(callback === undefined ? {} : { callback }) });
  const [acceptance] = await store.accept([asked]);
  return acceptance?.kind;
}

async function end(store: Store): Promise<void> {
  const { epoch, waiting } = await hold(store, { holder: 'h' });
  const ended = waiting.map(({ itemId }) => ({ itemId, outcome: 'scaled' as const, message: '' }));
  await store.commitRound({ target, epoch, ended });
}

describe.each(useEngines())('storage/operations/callbacks: $engine', ({ open }) => {
  it('are due with the end of their execution, and not before', async () => {
    const store = await open();
    await accept(store, 'e1', { callback: 'there' });
    await accept(store, 'e2');
    expect(await store.claimCallbacks(claim)).toEqual([]);

    await end(store);

    expect(await store.claimCallbacks(claim)).toEqual([
      { executionId: 'e1', destination: 'there', attempt: 1, ageMs: expect.any(Number) },
    ]);
  });

  it('are none for what was ignored', async () => {
    const store = await open();
    await accept(store, 'e1', { callback: 'there', targets: [] });

    expect(await store.claimCallbacks(claim)).toEqual([]);
  });

  it('belong to one replica at a time', async () => {
    const store = await open();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);

    const claims = await Promise.all(
      [claim, { ...claim, holder: 'replica-2' }].map((one) => store.claimCallbacks(one)),
    );

    expect(claims.flat()).toHaveLength(1);
  });

  it('belong to another once the lease is over, and what the first then says counts for nothing', async () => {
    const store = await open();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    const next = { kind: 'over' } as const;
    await store.claimCallbacks({ ...claim, leaseMs: 0 });

    expect(await store.claimCallbacks({ ...claim, holder: 'replica-2' })).toMatchObject([{ attempt: 2 }]);
    expect(await store.settleCallback({ executionId: 'e1', holder: claim.holder, next })).toBe(false);
    expect(await store.settleCallback({ executionId: 'e1', holder: 'replica-2', next })).toBe(true);
  });

  it('come again after a pause, counted, until they are over', async () => {
    const store = await open();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    const { holder } = claim;
    await store.claimCallbacks(claim);

    expect(await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'again', afterMs: 60_000 } })).toBe(
      true,
    );
    expect(await store.claimCallbacks(claim)).toEqual([]);
    expect(await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'over' } })).toBe(false);
  });

  it('are tried again at once when the pause is none', async () => {
    const store = await open();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    const { holder } = claim;
    await store.claimCallbacks(claim);
    await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'again', afterMs: 0 } });

    expect(await store.claimCallbacks(claim)).toMatchObject([{ executionId: 'e1', attempt: 2 }]);
    expect(await store.settleCallback({ executionId: 'e1', holder, next: { kind: 'over' } })).toBe(true);
    expect(await store.claimCallbacks({ ...claim, leaseMs: 0 })).toEqual([]);
  });

  it('goes with its execution when that is pruned', async () => {
    const store = await open();
    await accept(store, 'e1', { callback: 'there' });
    await end(store);
    await store.prune({ olderThanMs: -1_000, keep: 0, atMost: 10 });

    expect(await store.claimCallbacks(claim)).toEqual([]);
  });

  it('lets a signature count once, and stores nothing of the second', async () => {
    const store = await open();

    expect(await accept(store, 'e1', { signedAs: 's' })).toBe('accepted');
    expect(await accept(store, 'e2', { signedAs: 's', callback: 'there' })).toBe('replayed');
    expect(await accept(store, 'e3', { signedAs: 't' })).toBe('accepted');
    expect(await store.findExecution('e2')).toBeUndefined();
  });
});
