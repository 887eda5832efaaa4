import { describe, expect, it } from '@jest/globals';
import { gcr } from '../../src/formats/gcr.ts';
import { describeFormat, triggerOf } from '../support/format-contract.ts';

const digest = 'sha256:457f4aa83fc9a6663ab9d1b0a6e2dce25a12a943ed5bf2c1747c58d48bbb4917';

describeFormat(gcr, {
  signals: {
    insert: {
      says: 'fire',
      image: { registry: 'us-east1-docker.pkg.dev', repository: 'acme/docker/web', tag: 'v2', digest },
    },
    'insert-untagged': { says: 'ignore' },
    delete: { says: 'ignore' },
  },
});

describe('formats/gcr', () => {
  it("leaves another topic's messages alone", () => {
    const data = Buffer.from(JSON.stringify({ action: 'INSERT', tag: 'none' })).toString('base64');
    const trigger = triggerOf({ body: { message: { data, messageId: '1' }, subscription: 's' } });

    expect(gcr.recognises(trigger)).toBe(false);
    expect(() => gcr.read(trigger, {})).toThrow('message.data.tag');
  });
});
