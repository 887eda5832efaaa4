import { describe, expect, it } from '@jest/globals';
import { ecr } from '../../src/formats/ecr.ts';
import { describeFormat, fixtureBody, triggerOf } from '../support/format-contract.ts';

const digest = 'sha256:457f4aa83fc9a6663ab9d1b0a6e2dce25a12a943ed5bf2c1747c58d48bbb4917';

describeFormat(ecr, {
  signals: {
    push: {
      says: 'fire',
      image: { registry: '123456789012.dkr.ecr.us-west-2.amazonaws.com', repository: 'acme/web', tag: 'v2', digest },
    },
    untagged: { says: 'ignore' },
    delete: { says: 'ignore' },
    scan: { says: 'ignore' },
  },
});

describe('formats/ecr', () => {
  it("knows China's domain", () => {
    const body = { ...fixtureBody('ecr', 'push'), region: 'cn-north-1' };

    expect(ecr.read(triggerOf({ body }), {}).image?.registry).toBe('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn');
  });
});
