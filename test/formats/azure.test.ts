import { describe, expect, it } from '@jest/globals';
import { azure } from '../../src/formats/azure.ts';
import { describeFormat } from '../support/format-contract.ts';
import { describePushFormat, pushBody, pushOf } from './support/push-contract.ts';

const digest = 'sha256:80f0d5c8786bb9e621a45ece0db56d11cdc624ad20da9fe62e9d25490f331d7d';

describePushFormat(azure, {
  fixture: 'azure',
  image: { registry: 'acme.azurecr.io', repository: 'acme/web', tag: 'v2', digest },
});

describeFormat(azure, {
  signals: { azure: { says: 'fire' }, 'azure-ping': { says: 'ignore' } },
  refusals: ['PAYLOAD_INCOMPLETE'],
});

describe('formats/azure', () => {
  it('ignores the ping that comes when a webhook is made', () => {
    const ping = pushOf(pushBody('azure-ping'));

    expect(azure.recognises(ping)).toBe(true);
    expect(azure.read(ping, {})).toEqual({ says: 'ignore', reason: 'the registry tells of "ping", not of a push' });
  });

  it('ignores that an image was deleted', () => {
    expect(azure.read(pushOf({ ...pushBody('azure'), action: 'delete' }), {}).says).toBe('ignore');
  });

  it.each([
    [{ target: undefined }, 'Response provided without repository information'],
    [{ target: { repository: 'a/b' } }, 'Webhook response contains no tag'],
    [{ request: {} }, 'Response provided without image name'],
    [{ request: { host: 'a b' } }, 'cannot be the name'],
  ])('refuses a push with %j', (fields, words) => {
    expect(() => azure.read(pushOf({ ...pushBody('azure'), ...fields }), {})).toThrow(words);
  });
});
