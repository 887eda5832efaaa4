import { describe, expect, it } from '@jest/globals';
import { createHistory } from '../../src/executions/history.ts';
import { commitChange, hold, newExecution, otherTarget, useEngines } from '../support/stores.ts';

describe.each(useEngines())('executions/history on $engine', ({ open }) => {
  it('leaves no page of one state short while others follow', async () => {
    const store = await open();
    const waiting = Array.from({ length: 5 }, () => newExecution({ targets: [otherTarget] }));
    const underWay = Array.from({ length: 5 }, () => newExecution());
    await store.accept(waiting.flatMap((one, index) => [one, underWay[index] ?? one]));
    await commitChange(store, await hold(store));
    const history = createHistory(store);

    const pages: (readonly string[])[] = [];
    let cursor: string | undefined;
    do {
      const filter = { projectId: '1a5', state: 'waiting', limit: 2 } as const;
      const page = await history.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) });
      pages.push(page.executions.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);

    const [one, two, three, four, five] = waiting.map(({ id }) => id);
    expect(pages).toEqual([[five, four], [three, two], [one]]);
  });
});
