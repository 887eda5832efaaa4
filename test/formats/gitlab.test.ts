import { describe, expect, it } from '@jest/globals';
import { gitlab } from '../../src/formats/gitlab.ts';
import { describeFormat, fixtureBody, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

describeFormat(gitlab, {
  signals: {
    success: { says: 'fire', reason: 'pipeline 31 succeeded' },
    running: { says: 'ignore' },
  },
});

describe('formats/gitlab', () => {
  const read = (settings: Record<string, unknown>) =>
    gitlab.read(fixtureTrigger('gitlab', 'success'), gitlab.Settings.parse(settings));

  it('fires only for the branches and tags it is told', () => {
    expect(read({ refs: ['feature/Login'] }).says).toBe('fire');
    expect(read({ refs: ['main'] }).says).toBe('ignore');
  });

  it.each([
    ['ref-slug', 'feature-login'],
    ['short-sha', 'bcbb5ec3'],
    ['sha', 'bcbb5ec396a2c0f828686f14fac9b80b780504f2'],
  ])('puts the image together with the tag %s of the pipeline', (tag, expected) => {
    expect(read({ image: { registry: 'registry.gitlab.com', name: 'api', tag } }).image).toEqual({
      registry: 'registry.gitlab.com',
      repository: 'acme/web/api',
      tag: expected,
    });
  });

  it('names no image unless told how', () => {
    expect(read({}).image).toBeUndefined();
  });

  it('ignores other events, and refuses a branch that makes no tag', () => {
    const settings = gitlab.Settings.parse({ image: { registry: 'registry.gitlab.com', tag: 'ref-slug' } });
    const body = fixtureBody('gitlab', 'success');
    const attributes = { ...(body['object_attributes'] as object), ref: '///' };

    expect(gitlab.read(triggerOf({ body: { object_kind: 'push' } }), settings).says).toBe('ignore');
    expect(() => gitlab.read(triggerOf({ body: { ...body, object_attributes: attributes } }), settings)).toThrow(
      'object_attributes.ref',
    );
  });
});
