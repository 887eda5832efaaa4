import { describe, expect, it } from '@jest/globals';
import { nexus } from '../../src/formats/nexus.ts';
import { describeFormat, fixtureTrigger } from '../support/format-contract.ts';

describeFormat(nexus, {
  signals: {
    created: { says: 'fire', image: { repository: 'acme/web', tag: 'v2' } },
    updated: { says: 'ignore' },
    npm: { says: 'ignore' },
    asset: { says: 'ignore' },
  },
});

describe('formats/nexus', () => {
  const read = (name: string, settings: Record<string, unknown>) =>
    nexus.read(fixtureTrigger('nexus', name), nexus.Settings.parse(settings));

  it('names the registry when the owner says where it is', () => {
    expect(read('created', { registry: 'nexus.example.com:8082' }).image?.registry).toBe('nexus.example.com:8082');
  });

  it('fires for a tag that was pushed again when asked to', () => {
    expect(read('updated', { actions: ['CREATED', 'UPDATED'] }).says).toBe('fire');
  });
});
