import { describe, expect, it } from '@jest/globals';
import { jfrog } from '../../src/formats/jfrog.ts';
import { describeFormat, fixtureBody, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

const digest = 'sha256:457f4aa83fc9a6663ab9d1b0a6e2dce25a12a943ed5bf2c1747c58d48bbb4917';

describeFormat(jfrog, {
  signals: {
    pushed: {
      says: 'fire',
      image: { registry: 'acme.jfrog.io', repository: 'docker-local/acme/web', tag: 'v2', digest },
    },
    deleted: { says: 'ignore' },
  },
});

describe('formats/jfrog', () => {
  it.each([
    ['docker-local.acme.example.com', 'docker-local.acme.example.com', 'acme/web'],
    ['acme.example.com/docker-virtual', 'acme.example.com', 'docker-virtual/acme/web'],
  ])('puts images behind %s when the owner says so', (prefix, registry, repository) => {
    const settings = jfrog.Settings.parse({ registry: prefix });

    expect(jfrog.read(fixtureTrigger('jfrog', 'pushed'), settings).image).toMatchObject({ registry, repository });
  });

  it('names no registry when the origin is none', () => {
    const body = { ...fixtureBody('jfrog', 'pushed'), jpd_origin: '<your_origin>' };

    expect(jfrog.read(triggerOf({ body }), {}).image).toEqual({
      repository: 'docker-local/acme/web',
      tag: 'v2',
      digest,
    });
  });
});
