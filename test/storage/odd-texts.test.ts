import { describe, expect, it } from '@jest/globals';
import { commitChange, hold, ignoredExecution, newExecution, target, useEngines } from '../support/stores.ts';

// What JSON of a sender may hold and PostgreSQL does not take: the character 0, and half of a surrogate pair.
const odd = 'disk \u0000 full \uD83D at \u{1F600} "night"';
const kept = 'disk \uFFFD full \uFFFD at \u{1F600} "night"';

const engines = useEngines();

describe.each(engines)('storage/engine: odd texts on $engine', ({ open }) => {
  it('are stored like any other, in the history of what is ignored and of what is carried out', async () => {
    const store = await open();
    const ignored = ignoredExecution({ signal: { says: 'ignore', reason: odd } });
    const fired = newExecution({ receiverName: odd, signal: { says: 'fire', reason: odd } });

    expect(await store.accept([ignored, fired])).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }]);
    const lane = await hold(store);
    const { changeId } = await commitChange(store, lane);
    await store.closeChange({
      target,
      epoch: lane.epoch,
      changeId,
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
});
