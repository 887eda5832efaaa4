import { describe, expect, it } from '@jest/globals';
import {
  closeChange,
  commitChange,
  hold,
  ignoredExecution,
  newExecution,
  target,
  useEngines,
} from '../support/stores.ts';

// What JSON of a sender may hold and PostgreSQL does not take: the character 0, and half of a surrogate pair.
const odd = 'disk \u0000 full \uD83D at \u{1F600} "night"';
const kept = 'disk \uFFFD full \uFFFD at \u{1F600} "night"';

const engines = useEngines();

describe.each(engines)('storage/engine: odd values on $engine', ({ open }) => {
  it('are texts that are stored like any other, in the history of what is ignored and of what is carried out', async () => {
    const store = await open();
    const ignored = ignoredExecution({ signal: { says: 'ignore', reason: odd } });
    const fired = newExecution({ receiverName: odd, signal: { says: 'fire', reason: odd } });

    expect(await store.accept([ignored, fired])).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }]);
    const lane = await hold(store);
    const { changeId } = await commitChange(store, lane);
    await closeChange(store, lane, changeId, {
      attempt: { result: odd },
      end: { kind: 'ended', state: 'failed', outcome: 'failed', message: odd },
    });

    expect(await store.findExecution(ignored.id)).toMatchObject({ state: 'finished', message: kept });
    expect(await store.findExecution(fired.id)).toMatchObject({
      state: 'finished',
      receiverName: kept,
      message: kept,
      attempts: [{ result: kept }],
    });
  });

  it('are parts of milliseconds, which are kept as whole ones', async () => {
    const store = await open();
    const key = { kind: 'event', hash: 'h', bodyHash: 'b', livesForMs: 60_000.4 } as const;
    const fired = newExecution({ sendWithinMs: 600_000.6, seenKeys: [key] });
    expect(await store.accept([fired])).toEqual([{ kind: 'accepted' }]);
    const { epoch, ...lane } = await hold(store, { leaseMs: 15_000.5 });
    const { changeId } = await commitChange(store, { epoch, ...lane });
    const attempt = { result: 'in doubt' };
    await store.markDoubt({ target, epoch, changeId, doubtMs: 0.25, isSentAgain: false, attempt });

    await closeChange(store, { epoch }, changeId, {
      attempt: { result: 'accepted' },
      end: { kind: 'following', message: 'making a host', afterMs: 0.4 },
    });
    const claim = { holder: 'replica-1', leaseMs: 1_000.5, limit: 1 };
    expect(await store.claimFollowed(claim)).toMatchObject([{ changeId }]);
    const step = {
      changeId,
      target,
      holder: 'replica-1',
      end: { kind: 'following', message: '', afterMs: 373.4 },
    } as const;

    expect(await store.stepFollowed(step)).toMatchObject({ kind: 'committed' });
  });
});
