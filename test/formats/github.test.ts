import { describe, expect, it } from '@jest/globals';
import { github } from '../../src/formats/github.ts';
import { describeFormat, fixtureBody, triggerOf } from '../support/format-contract.ts';

const digest = 'sha256:457f4aa83fc9a6663ab9d1b0a6e2dce25a12a943ed5bf2c1747c58d48bbb4917';

describeFormat(github, {
  signals: {
    package: { says: 'fire', image: { registry: 'ghcr.io', repository: 'acme/web', tag: 'v2', digest } },
    'registry-package': { says: 'fire', image: { registry: 'ghcr.io', repository: 'acme/web', tag: 'v2', digest } },
    untagged: { says: 'ignore' },
    ping: { says: 'ignore' },
  },
});

describe('formats/github', () => {
  const read = (body: unknown, event?: string) =>
    github.read(triggerOf({ body, headers: event === undefined ? {} : { 'x-github-event': event } }), {});
  const body = fixtureBody('github', 'package');

  it('takes both events of one published package for one', () => {
    expect(read(fixtureBody('github', 'registry-package'), 'registry_package').dedupeKey).toBe(
      read(body, 'package').dedupeKey,
    );
  });

  it.each([
    [
      'a package of another kind',
      { ...body, package: { ...(body['package'] as object), package_type: 'npm' } },
      'package',
    ],
    ['an updated package', { ...body, action: 'updated' }, 'package'],
    ['a push of code', body, 'push'],
  ])('ignores %s', (_what, given, event) => {
    expect(read(given, event).says).toBe('ignore');
  });
});
