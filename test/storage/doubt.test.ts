import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { commitChange, hold, useEngines } from '../support/stores.ts';

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
