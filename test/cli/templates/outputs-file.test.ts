import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { OutputsFile } from '../../../infra/src/contract/machine-templates.ts';
import { readOutputs } from '../../../src/cli/templates/outputs-file.ts';

const text = readFileSync(new URL('../../fixtures/machine-templates.json', import.meta.url), 'utf8');
type Json = Record<string, unknown>;

/** The fixture after `change` was let loose on it. */
function changed(change: (outputs: Json, contract: Json, templates: Json[]) => void): string {
  const outputs = JSON.parse(text) as { machines: { machine_templates: Json & { templates: Json[] } } };
  change(outputs, outputs.machines.machine_templates, outputs.machines.machine_templates.templates);
  return JSON.stringify(outputs);
}
const config = (template: Json | undefined): Json => template?.['driverConfig'] as Json;

describe('cli/templates/outputs-file', () => {
  it('reads what infra writes, as infra understands it', () => {
    const { machines } = OutputsFile.parse(JSON.parse(text));

    expect(readOutputs(text, 'outputs.json')).toEqual(machines.machine_templates.templates);
  });

  it('takes labels for the words they are, and what only looks like a secret', () => {
    const labelled = changed((_, __, templates) => {
      for (const template of templates) template['labels'] = { 'token-holder': String(template['pool']) };
    });

    expect(readOutputs(labelled, 'outputs.json')).toHaveLength(3);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /^outputs.json: it is not JSON; give the file/],
    ['half a file', text.slice(0, 300), /^outputs.json: it is not JSON/],
    ['a list', '[]', /has no output machines.machine_templates; deploy the stack machines/],
    ['null', 'null', /has no output machines.machine_templates/],
    ['outputs of other stacks only', '{"network":{}}', /has no output machines.machine_templates/],
    [
      'another version',
      changed((_, contract) => (contract['version'] = 2)),
      /has version 2, and this program reads version 1/,
    ],
    ['no version', changed((_, contract) => delete contract['version']), /has no version/],
    [
      'a secret of the driver',
      changed((_, __, [first]) => (config(first)['accessKeySecret'] = 'hush-hush')),
      /machines\.machine_templates\.templates\.0\.driverConfig\.accessKeySecret looks like a secret[^]*ECS_ACCESS_KEY_SECRET/,
    ],
    [
      'a password',
      changed((_, __, [first]) => (config(first)['sshPassword'] = 'hush-hush')),
      /driverConfig\.sshPassword looks like a secret/,
    ],
    [
      'a secret of another stack',
      changed((outputs) => ((outputs['access'] as Json)['driver_secret'] = 'hush-hush')),
      /outputs\.json: access\.driver_secret looks like a secret/,
    ],
    [
      'a private key in any field',
      changed((_, __, [first]) => (config(first)['description'] = '-----BEGIN RSA PRIVATE KEY-----hush-hush')),
      /driverConfig\.description looks like a secret/,
    ],
    [
      'a number',
      changed((_, __, [first]) => (config(first)['diskSize'] = 100)),
      /templates\.0\.driverConfig\.diskSize/,
    ],
    ['a null', changed((_, __, [first]) => (config(first)['zone'] = null)), /templates\.0\.driverConfig\.zone/],
    ['an unknown field', changed((_, __, [first]) => (first!['spot'] = true)), /templates\.0: unknown field spot/],
    ['a missing field', changed((_, __, [first]) => delete first!['labels']), /templates\.0\.labels/],
    [
      'an unknown engine option',
      changed((_, __, [first]) => ((first!['engine'] as Json)['engineVersion'] = '18')),
      /templates\.0\.engine: unknown field engineVersion/,
    ],
    [
      'bounds that are none',
      changed((_, __, [first]) => (first!['hosts'] = { min: -1, max: 0.5, step: 0 })),
      /hosts\.min[^]*hosts\.max[^]*hosts\.step/,
    ],
    [
      'a name twice',
      changed((_, __, [first, second]) => (second!['name'] = first!['name'])),
      /two templates are called "scaler-web-cn-hangzhou-i"/,
    ],
    [
      'a pool at odds with itself',
      changed((_, __, [, second]) => (second!['labels'] = { pool: 'other' })),
      /the pool "web" has other labels or bounds in cn-hangzhou-j/,
    ],
  ])('refuses %s, and quotes no value', (_, broken, message) => {
    const read = (): unknown => readOutputs(broken, 'outputs.json');

    expect(read).toThrow(message);
    expect(read).not.toThrow(/hush-hush/);
  });
});
