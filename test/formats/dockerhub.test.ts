import { describe, expect, it } from '@jest/globals';
import { dockerhub } from '../../src/formats/dockerhub.ts';
import { describeFormat } from '../support/format-contract.ts';
import { describePushFormat, pushOf } from './support/push-contract.ts';

describePushFormat(dockerhub, { fixture: 'dockerhub', image: { repository: 'acme/web', tag: 'v2' } });

describeFormat(dockerhub, { signals: { dockerhub: { says: 'fire' } }, refusals: ['PAYLOAD_INCOMPLETE'] });

describe('formats/dockerhub', () => {
  const read = (body: unknown) => dockerhub.read(pushOf(body), {});

  it('reads the few words that Rancher documents for callers of their own, and tells no push from another then', () => {
    const signal = read({ push_data: { tag: 'v1' }, repository: { repo_name: 'registry.example.com:5000/acme/web' } });

    expect(signal).toEqual({
      says: 'fire',
      reason: 'pushed registry.example.com:5000/acme/web:v1',
      image: { registry: 'registry.example.com:5000', repository: 'acme/web', tag: 'v1' },
    });
  });

  it.each([
    [{}, 'Incomplete webhook response provided'],
    [{ push_data: 'x', repository: {} }, 'Incomplete webhook response provided'],
    [{ push_data: {}, repository: { repo_name: 'a/b' } }, 'Webhook response contains no tag'],
    [{ push_data: { tag: 7 }, repository: { repo_name: 'a/b' } }, 'Webhook response contains no tag'],
    [{ push_data: { tag: 'latest' } }, 'Response provided without repository information'],
    [{ push_data: { tag: 'latest' }, repository: {} }, 'Response provided without image name'],
    [{ push_data: { tag: '-x' }, repository: { repo_name: 'a/b' } }, 'cannot be the tag'],
    [{ push_data: { tag: 'x' }, repository: { repo_name: 'a b' } }, 'cannot be the name'],
  ])('refuses %j as the old service worded it', (body, words) => {
    expect(() => read(body)).toThrow(words);
  });
});
