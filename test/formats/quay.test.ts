import { describe, expect, it } from '@jest/globals';
import { quay } from '../../src/formats/quay.ts';
import { describeFormat, fixtureTrigger } from '../support/format-contract.ts';

describeFormat(quay, {
  signals: {
    push: { says: 'fire', image: { registry: 'quay.io', repository: 'acme/web', tag: 'v2' } },
    'build-queued': { says: 'ignore' },
  },
});

describe('formats/quay', () => {
  it('waits for the tag it is told among those of one push', () => {
    const read = (tag: string) => quay.read(fixtureTrigger('quay', 'push'), quay.Settings.parse({ tag }));

    expect(read('latest').image?.tag).toBe('latest');
    expect(read('v1').says).toBe('ignore');
  });
});
