import { describe, expect, it } from '@jest/globals';
import { alicloud } from '../../src/formats/alicloud.ts';
import { describeFormat } from '../support/format-contract.ts';
import { describePushFormat, pushOf } from './support/push-contract.ts';

const digest = 'sha256:457f4aa83fc9a6663ab9d1b0a6e2dce25a12a943ed5bf2c1747c58d48bbb4917';

describePushFormat(alicloud, {
  fixture: 'alicloud',
  image: { registry: 'registry.cn-hangzhou.aliyuncs.com', repository: 'acme/web', tag: 'v2', digest },
});

describeFormat(alicloud, { signals: { alicloud: { says: 'fire' } }, refusals: ['PAYLOAD_INCOMPLETE'] });

describe('formats/alicloud', () => {
  it.each([
    [{ repo_full_name: 'a/b' }, 'Alicloud Docker Hub response provided without image name'],
    [{ region: 'cn-hangzhou' }, 'Alicloud Docker Hub response provided without image name'],
    [{ repo_full_name: 'a/b', region: 'evil.example.com/x' }, 'is not the id of a region'],
  ])('refuses the repository %j', (repository, words) => {
    expect(() => alicloud.read(pushOf({ push_data: { tag: 'v1' }, repository }), {})).toThrow(words);
  });
});
