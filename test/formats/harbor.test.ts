import { describe, expect, it } from '@jest/globals';
import { harbor } from '../../src/formats/harbor.ts';
import { describeFormat, fixtureBody, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

const digest = 'sha256:457f4aa83fc9a6663ab9d1b0a6e2dce25a12a943ed5bf2c1747c58d48bbb4917';

describeFormat(harbor, {
  signals: {
    default: { says: 'fire', image: { registry: 'harbor.example.com', repository: 'acme/web', tag: 'v2', digest } },
    cloudevents: { says: 'fire', image: { registry: 'harbor.example.com', repository: 'acme/web', tag: 'v2', digest } },
    'by-digest': { says: 'ignore' },
    deleted: { says: 'ignore' },
  },
});

describe('formats/harbor', () => {
  it('names the registry as hosts know it when the owner says so', () => {
    const settings = harbor.Settings.parse({ registry: 'registry.example.com' });

    expect(harbor.read(fixtureTrigger('harbor', 'default'), settings).image?.registry).toBe('registry.example.com');
  });

  it('keeps a port in the address of the registry', () => {
    const body = fixtureBody('harbor', 'default');
    const event = body['event_data'] as Record<string, unknown>;
    const resources = [{ tag: 'v2', resource_url: 'harbor.example.com:8443/acme/web:v2' }];

    expect(harbor.read(triggerOf({ body: { ...body, event_data: { ...event, resources } } }), {}).image).toEqual({
      registry: 'harbor.example.com:8443',
      repository: 'acme/web',
      tag: 'v2',
    });
  });
});
