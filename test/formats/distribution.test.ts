import { describe, expect, it } from '@jest/globals';
import { distribution } from '../../src/formats/distribution.ts';
import { describeFormat, fixtureBody, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

// Of the recorded manifest.
const recorded = 'sha256:a07b58e5bb72a083cd8ce33da0a9c41647973d80f96612eac5f3428a7e30bf71';
const digest = 'sha256:457f4aa83fc9a6663ab9d1b0a6e2dce25a12a943ed5bf2c1747c58d48bbb4917';

describeFormat(distribution, {
  signals: {
    v1: {
      says: 'fire',
      image: { registry: 'registry.example.com:5000', repository: 'acme/web', tag: 'v2', digest: recorded },
    },
    v2: { says: 'fire', image: { registry: 'registry.example.com:5000', repository: 'acme/web', tag: 'v2', digest } },
    blob: { says: 'ignore' },
    pull: { says: 'ignore' },
  },
});

describe('formats/distribution', () => {
  it('names the registry as hosts know it when the owner says so', () => {
    const settings = distribution.Settings.parse({ registry: 'mirror.example.com/hub' });

    expect(distribution.read(fixtureTrigger('distribution', 'v1'), settings).image).toEqual({
      registry: 'mirror.example.com',
      repository: 'hub/acme/web',
      tag: 'v2',
      digest: recorded,
    });
  });

  it.each(['', 'a b', 'https://registry.example.com', 'registry.example.com/', '/acme'])(
    'refuses %j as a registry',
    (registry) => {
      expect(distribution.Settings.safeParse({ registry }).success).toBe(false);
    },
  );

  it('is recognised by its events where a proxy replaced the media type', () => {
    expect(distribution.recognises(triggerOf({ body: fixtureBody('distribution', 'v1') }))).toBe(true);
    expect(
      distribution.recognises(
        triggerOf({ body: { events: [{ id: '1', action: 'push', target: { repository: 'a' } }] } }),
      ),
    ).toBe(false);
  });
});
