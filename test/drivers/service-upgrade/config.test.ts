import { describe, expect, it } from '@jest/globals';
import { Config } from '../../../src/drivers/service-upgrade/config.ts';

const good = { serviceSelector: { app: 'web' }, tag: 'v1', batchSize: 1, intervalMillis: 2 };
const firstIssue = (fields: object): string | undefined =>
  Config.safeParse({ ...good, ...fields }).error?.issues[0]?.message;

describe('drivers/service-upgrade/config', () => {
  it('takes what the old service stored, where what was left out is an empty text', () => {
    expect(Config.parse({ ...good, type: 'serviceUpgrade', payloadFormat: '', addressType: '' })).toEqual({
      ...good,
      type: 'serviceUpgrade',
      tagMatch: 'exact',
      payloadFormat: 'dockerhub',
      addressType: 'registry',
      startFirst: false,
      matchImage: true,
      onFailure: 'leave',
    });
  });

  it('parses what it parsed', () => {
    const once = Config.parse({ ...good, registry: 'registry.example.com:5000', tag: '^1', tagMatch: 'semver' });

    expect(Config.parse(once)).toEqual(once);
  });

  it.each([
    [{ serviceSelector: null }, 'Service selectors not provided'],
    [{ serviceSelector: undefined }, 'Service selectors not provided'],
    [{ serviceSelector: {} }, 'Service selectors not provided'],
    [{ serviceSelector: { app: 7 } }, 'Invalid serviceSelector'],
    [{ serviceSelector: ['app'] }, 'Service selectors not provided'],
    [{ batchSize: undefined }, 'Batch size for upgrade not provided/invalid; it is missing, a whole number'],
    [{ tag: '' }, 'Tag not provided'],
    [{ tag: null }, 'Tag not provided'],
    [{ tag: undefined }, 'Tag not provided'],
    [{ tag: 1.27 }, 'Invalid tag 1.27; a tag is a text, put numbers in quotes, as "1.27"'],
    [{ tag: ['v1'] }, 'Invalid tag ["v1"]; a tag is a text'],
    [
      { tag: '-x' },
      "Invalid tag -x, tag length must be < 128, must contain [a-zA-Z0-9.-_] characters only, cannot start with '.' or '-'",
    ],
    [{ tag: 'v*' }, 'Invalid tag v*, tag length'],
    [{ tag: '(', tagMatch: 'regex' }, 'Invalid tag ( as regex: a parenthesis is not closed'],
    [{ tag: '(a)\\1', tagMatch: 'regex' }, 'Invalid tag (a)\\1 as regex: \\1 is not supported'],
    [{ tag: 'latest', tagMatch: 'semver' }, 'Invalid tag latest as semver'],
    [{ tag: 'x', tagMatch: 'like' }, 'Invalid tagMatch "like"'],
    [{ batchSize: 0 }, 'Batch size for upgrade not provided/invalid'],
    [{ batchSize: undefined }, 'Batch size for upgrade not provided/invalid'],
    [{ batchSize: '1' }, 'Batch size for upgrade not provided/invalid'],
    [{ intervalMillis: 0 }, 'Batch interval for upgrade not provided/invalid'],
    [{ intervalMillis: 0.1 }, 'Batch interval for upgrade not provided/invalid'],
    [{ payloadFormat: 'nope' }, 'Invalid payloadFormat "nope"'],
    [{ addressType: 'vpc' }, 'Invalid addressType "vpc"'],
    [{ registry: 'http://x/y' }, 'Invalid registry'],
    [{ startFirst: 'yes' }, 'Invalid startFirst'],
    [{ matchImage: 1 }, 'Invalid matchImage'],
    [{ onFailure: 'retry' }, 'Invalid onFailure "retry"'],
    [{ type: 'scaleService' }, 'Invalid type'],
  ])("refuses %j in words that begin as the old service's", (fields, words) => {
    expect(firstIssue(fields)?.slice(0, words.length)).toBe(words);
  });

  it('refuses a misspelt field', () => {
    expect(Config.safeParse({ ...good, batchsize: 2 }).success).toBe(false);
  });
});
