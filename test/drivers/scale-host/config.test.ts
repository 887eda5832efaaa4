import { describe, expect, it } from '@jest/globals';
import { scaleHost } from '../../../src/drivers/scale-host.ts';

const good = { hostSelector: { tier: 'web' }, action: 'up', amount: 1, min: 1, max: 4 };
const down = { ...good, action: 'down', deleteOption: 'mostRecent' };

describe('drivers/scale-host/config', () => {
  it('takes what the old service stored, and adds only our defaults', () => {
    const ours = { onLimit: 'reject', onHostError: 'keep', customHosts: 'keep' };

    expect(scaleHost.Config.parse({ ...good, type: 'scaleHost' })).toMatchObject({
      ...good,
      ...ours,
      type: 'scaleHost',
    });
    expect(scaleHost.Config.parse(down)).toMatchObject({ ...down, ...ours });
    const cleared = scaleHost.Config.parse({ ...good, deleteOption: '', hostTemplateId: null });
    expect(cleared).not.toHaveProperty('deleteOption');
    expect(cleared.hostTemplateId).toBeUndefined();
  });

  it('takes a template alone, as the preview line of the old service stored it', () => {
    const { hostSelector: _, ...rest } = good;

    expect(scaleHost.Config.parse({ ...rest, hostTemplateId: '1ht1', hostSelector: null })).toMatchObject({
      hostTemplateId: '1ht1',
    });
  });

  it('takes a group down to nothing when a template can bring it back', () => {
    expect(scaleHost.Config.parse({ ...down, hostTemplateId: '1ht1', min: 0 })).toMatchObject({ min: 0 });
  });

  it.each([
    ['no selector', { ...good, hostSelector: null }, /^HostSelector not provided/],
    ['empty selector', { ...good, hostSelector: {} }, /^HostSelector is empty/],
    ['selector of a text', { ...good, hostSelector: 'tier=web' }, /^Invalid hostSelector "tier=web"/],
    ['selector of a list', { ...good, hostSelector: ['web'] }, /^Invalid hostSelector \["web"\]; a map of labels/],
    [
      'selector with a number',
      { ...good, hostSelector: { tier: 1 } },
      /^Invalid hostSelector: 1 is no text; .* quotes/,
    ],
    ['selector with nothing', { ...good, hostSelector: { tier: null } }, /^Invalid hostSelector: null is no text;/],
    ['selector with a nameless label', { ...good, hostSelector: { '': 'web' } }, /^Invalid hostSelector ""; a map/],
    [
      'selector without end',
      { ...good, hostSelector: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`l${String(at)}`, 'x'])) },
      /^Invalid hostSelector: it has 51 labels; give at most 50/,
    ],
    [
      'selector with a text too long',
      { ...good, hostSelector: { tier: 'x'.repeat(256) } },
      /^Invalid hostSelector: a text has 256 characters; give at most 255/,
    ],
    [
      'label of a wrong type',
      { ...good, hostTemplateId: '1ht1', host: { labels: { a: 1 } } },
      /^Invalid host.labels: 1/,
    ],
    ['host of a list', { ...good, hostTemplateId: '1ht1', host: [] }, /^Invalid host \[\]; an object with labels/],
    ['host with an unknown option', { ...good, hostTemplateId: '1ht1', host: { nope: 1 } }, /nope/],
    ['selector with an agent label', { ...good, hostSelector: { 'io.rancher.host.os': 'linux' } }, /^Invalid label/],
    ['selector with our marker', { ...good, hostSelector: { 'receiver-hooks.change': 'x' } }, /^Invalid label/],
    ['template of a number', { ...good, hostTemplateId: 1 }, /^Invalid hostTemplateId 1/],
    ['template of another kind', { ...good, hostTemplateId: '1h1' }, /^Invalid hostTemplateId "1h1"/],
    ['host without template', { ...good, host: { labels: { a: 'b' } } }, /^host is given without hostTemplateId/],
    ['option of a wrong type', { ...good, hostTemplateId: '1ht1', host: { engineEnv: ['a'] } }, /^Invalid/],
    [
      'deleteOption with up',
      { ...good, deleteOption: 'mostRecent' },
      /^Delete option not to be provided while scaling up/,
    ],
    [
      'down without deleteOption',
      { ...down, deleteOption: undefined },
      /^Invalid delete option\/Delete option missing /,
    ],
    [
      'down with a bad one',
      { ...down, deleteOption: 'oldest' },
      /^Invalid delete option\/Delete option missing oldest/,
    ],
    [
      'nothing to come back from',
      { ...down, min: 0 },
      /^Minimum scale not provided\/invalid; 0 is none, .* or a hostTemplateId/,
    ],
    [
      'less than no host',
      { ...good, hostTemplateId: '1ht1', min: -1 },
      /^Minimum scale not provided\/invalid; -1 is none/,
    ],
    ['max not above min', { ...good, max: 1 }, /^Max must be greater than min/],
    ['unknown field', { ...good, hostselector: {} }, /hostselector/],
    ['onHostError', { ...good, onHostError: 'drop' }, /^Invalid onHostError "drop"; use keep or remove/],
    ['customHosts', { ...good, customHosts: true }, /^Invalid customHosts true; use keep or remove/],
  ])('refuses %s', (_, config, message) => {
    const parsed = scaleHost.Config.safeParse(config);

    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.message).toMatch(message);
  });
});
