import { describe, expect, it } from '@jest/globals';
import { inOrderOfRemoval, oldestOf } from '../../src/domain/host-choice.ts';

const host = (id: string, state: string, createdMs: number) => ({ id, state, createdMs });

describe('domain/host-choice', () => {
  const hosts = [
    host('1h9', 'active', 3),
    host('1h10', 'active', 3),
    host('1h1', 'active', 1),
    host('1h2', 'disconnected', 2),
    host('1h3', 'inactive', 2),
    host('1h4', 'reconnecting', 2),
    host('1h5', 'provisioning', 5),
  ];
  const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

  it('lets bad hosts go first, then the most recent', () => {
    expect(ids(inOrderOfRemoval(hosts, 'mostRecent'))).toEqual(['1h3', '1h4', '1h2', '1h5', '1h10', '1h9', '1h1']);
  });

  it('lets bad hosts go first, then the least recent', () => {
    expect(ids(inOrderOfRemoval(hosts, 'leastRecent'))).toEqual(['1h3', '1h4', '1h2', '1h1', '1h9', '1h10', '1h5']);
  });

  it('chooses alike whatever the order of the list', () => {
    expect(inOrderOfRemoval(hosts.toReversed(), 'mostRecent')).toEqual(inOrderOfRemoval(hosts, 'mostRecent'));
    expect(oldestOf(hosts.toReversed())).toEqual(oldestOf(hosts));
  });

  it('knows no oldest of none', () => {
    expect(oldestOf([])).toBeUndefined();
    expect(oldestOf(hosts)?.id).toBe('1h1');
  });
});
