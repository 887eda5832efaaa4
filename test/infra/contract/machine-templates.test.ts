import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { machineTemplatesJsonSchema, OutputsFile } from '../../../infra/src/contract/machine-templates.ts';
import { changed } from '../support/example.ts';
import type { Json } from '../support/example.ts';

const repository = join(import.meta.dirname, '../../..');
const readJson = (path: string): Json => JSON.parse(readFileSync(join(repository, path), 'utf8')) as Json;
const published = readJson('test/fixtures/machine-templates.json');
const first = 'machines.machine_templates.templates.0';

/** Fields of `aliyunecsConfig` with their types, as a Rancher 1.6.30 with the driver answered its schema. */
const driverFields = {
  string: [
    'accessKeyId accessKeySecret apiEndpoint description diskCategory diskFs diskSize imageId instanceType',
    'internetChargeType internetMaxBandwidth ioOptimized privateIp region resourceGroupId routeCidr securityGroup',
    'slbId sshKeypair sshPassword systemDiskCategory systemDiskSize vpcId vswitchId zone',
  ].flatMap((line) => line.split(' ')),
  boolean: ['privateAddressOnly', 'upgradeKernel'],
};

describe('infra/src/contract/machine-templates', () => {
  it('takes the published example', () => {
    expect(OutputsFile.safeParse(published).success).toBe(true);
  });

  it('publishes the JSON schema it is', () => {
    expect(readJson('infra/machine-templates.schema.json')).toEqual(machineTemplatesJsonSchema());
  });

  it('gives the driver only fields it knows, in the types it wants', () => {
    const { machines } = OutputsFile.parse(published);
    for (const { driverConfig } of machines.machine_templates.templates) {
      for (const [field, value] of Object.entries(driverConfig)) {
        if (field === 'tag') expect(value).toEqual(expect.arrayContaining([expect.any(String)]));
        else expect(driverFields[typeof value as 'string' | 'boolean']).toContain(field);
      }
    }
  });

  it.each([
    [`${first}.driverConfig.accessKeySecret`, 'a secret'],
    [`${first}.driverConfig.sshPassword`, 'a secret'],
    [`${first}.driverConfig.systemDiskSize`, 40],
    [`${first}.driverConfig.colour`, 'red'],
    [`${first}.driver`, 'amazonec2'],
    ['machines.machine_templates.version', 2],
  ])('refuses %s = %j', (path, value) => {
    expect(OutputsFile.safeParse(changed(path, value, published)).success).toBe(false);
  });
});
