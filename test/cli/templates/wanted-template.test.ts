import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Resource } from '../../../src/rancher/resources.ts';
import { readOutputs } from '../../../src/cli/templates/outputs-file.ts';
import type { MachineTemplate } from '../../../src/cli/templates/outputs-file.ts';
import { isAsWanted, prefixOf, templateBody, wantTemplate } from '../../../src/cli/templates/wanted-template.ts';

const [template] = readOutputs(
  readFileSync(new URL('../../fixtures/machine-templates.json', import.meta.url), 'utf8'),
  'outputs.json',
) as [MachineTemplate];

/** A template as Rancher shows it later: names of secrets, no values (recording f_hosttemplate_get_as_project_key). */
const shown = (fields: object = {}): Resource => ({
  ...(wantTemplate(template) as object),
  id: '1ht1',
  type: 'hostTemplate',
  state: 'active',
  secretValues: { aliyunecsConfig: { accessKeySecret: null } },
  ...fields,
});

describe('cli/templates/wanted-template', () => {
  it('puts the secret where Rancher hides it, and nowhere else', () => {
    const body = templateBody(wantTemplate(template), 'hush-hush') as Record<string, unknown>;

    expect(body).toMatchObject({ secretValues: { aliyunecsConfig: { accessKeySecret: 'hush-hush' } } });
    expect(JSON.stringify({ ...body, secretValues: undefined })).not.toContain('hush-hush');
    expect(body['publicValues']).toEqual({ aliyunecsConfig: template.driverConfig });
  });

  it('tells its own from others by the description', () => {
    expect(wantTemplate(template).description).toMatch(
      /^Pool web in cn-hangzhou-i, made by Receiver Hooks \[receiver-hooks scaler [0-9a-f]{16}\]$/,
    );
    expect(prefixOf(shown())).toBe('scaler');
    expect(prefixOf(shown({ description: 'by hand' }))).toBeUndefined();
    expect(prefixOf(shown({ description: null }))).toBeUndefined();
  });

  it('does not mind the order of fields', () => {
    const turned = Object.fromEntries(Object.entries(template.driverConfig).toReversed());

    expect(wantTemplate({ ...template, driverConfig: turned }).description).toBe(wantTemplate(template).description);
  });

  it.each([
    ['as it is', {}, true],
    ['other values under the same description', { publicValues: { aliyunecsConfig: { region: 'cn-beijing' } } }, false],
    ['no secret', { secretValues: {} }, false],
    ['no secret values at all', { secretValues: null }, false],
    ['another driver', { driver: 'digitalocean' }, false],
    ['another mark', { description: 'x [receiver-hooks scaler 0123456789abcdef]' }, false],
  ])('sees %s', (_, fields, expected) => {
    expect(isAsWanted(shown(fields), wantTemplate(template))).toBe(expected);
  });
});
