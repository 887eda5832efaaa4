import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OutputsFile } from '../../infra/src/contract/machine-templates.ts';
import type { LoggedCall } from './support/stand-in/provider.ts';
import { exampleJson } from './support/example.ts';
import { openTerraformLab, run } from './support/terraform-lab.ts';
import type { Finished, TerraformLab } from './support/terraform-lab.ts';

const minute = 60_000;
const stacks = ['network', 'access', 'machines', 'alarms'];
const triggerUrls = {
  TF_VAR_trigger_url_web_up: 'http://hooks.example.com/v1-webhooks/endpoint/1a5/up-key-is-secret',
  TF_VAR_trigger_url_web_down: 'http://hooks.example.com/v1-webhooks/endpoint/1a5/down-key-is-secret',
};
const unattended = ['--auto-approve', '--skip-provider-lock'];
const repository = join(import.meta.dirname, '../..');

function expectSuccess({ code, output }: Finished): void {
  if (code !== 0) throw new Error(`cdktf ended with ${String(code)}:\n${output}`);
}

describe('infra with cdktf and terraform', () => {
  let lab: TerraformLab;
  let deployed: Finished;
  let calls: LoggedCall[];

  const created = (type: string) => calls.filter((call) => call.operation === 'create' && call.type === type);
  const only = (type: string) => {
    expect(created(type)).toHaveLength(1);
    return created(type)[0]?.values ?? {};
  };

  beforeAll(async () => {
    lab = await openTerraformLab(exampleJson());
    deployed = await lab.cdktf(['deploy', ...stacks, ...unattended, '--outputs-file', lab.outputsFile], triggerUrls);
    expectSuccess(deployed);
    calls = await lab.takeCalls();
  }, 2 * minute);

  afterAll(async () => {
    await lab?.remove();
  });

  it('asks for everything once, with the names and tags of the configuration', () => {
    expect(calls.filter((call) => call.operation === 'update' || call.operation === 'delete')).toEqual([]);
    expect(only('alicloud_vpc')).toMatchObject({
      vpc_name: 'scaler',
      cidr_block: '10.100.0.0/16',
      tags: { owner: 'ops' },
    });
    expect(
      created('alicloud_vswitch')
        .map((call) => String(call.values?.['zone_id']))
        .sort(),
    ).toEqual(['cn-hangzhou-i', 'cn-hangzhou-j']);
    expect(created('alicloud_snat_entry')).toHaveLength(2);
  });

  it('tells the provider its account type, so that no plan waits for the billing service', () => {
    const configured = calls.filter((call) => call.operation === 'configure');
    expect(configured.length).toBeGreaterThan(0);
    for (const call of configured) expect(call.values).toEqual({ region: 'cn-hangzhou', account_type: 'Domestic' });
  });

  it('opens 22 and 2376 to Rancher only, the overlay inside the group, and closes what the driver opens', () => {
    const rules = created('alicloud_security_group_rule').map(({ values }) =>
      [
        values?.['policy'],
        values?.['ip_protocol'],
        values?.['port_range'],
        values?.['cidr_ip'] ?? 'the group itself',
      ].join(' '),
    );
    expect(rules.sort()).toEqual([
      'accept tcp 22/22 203.0.113.10/32',
      'accept tcp 2376/2376 203.0.113.10/32',
      'accept udp 4500/4500 the group itself',
      'accept udp 4789/4789 the group itself',
      'accept udp 500/500 the group itself',
      'drop tcp 443/443 0.0.0.0/0',
      'drop tcp 80/80 0.0.0.0/0',
    ]);
    const group = only('alicloud_security_group');
    for (const { values } of created('alicloud_security_group_rule')) {
      expect(values).toMatchObject({ security_group_id: group['id'], nic_type: 'intranet', type: 'ingress' });
    }
  });

  it('lets the driver change machines in the resource group only', () => {
    const group = only('alicloud_resource_manager_resource_group');
    expect(only('alicloud_resource_manager_policy_attachment')).toMatchObject({
      policy_name: 'scaler-machine-driver-machines',
      principal_name: 'scaler-machine-driver@1234567890123456.onaliyun.com',
      resource_group_id: group['id'],
    });
    expect(only('alicloud_ram_user_policy_attachment')).toMatchObject({ policy_name: 'scaler-machine-driver-account' });
  });

  it('keeps no plaintext of the access key, neither in the state nor in the outputs', async () => {
    expect(only('alicloud_ram_access_key')).toMatchObject({ secret: null, user_name: 'scaler-machine-driver' });
    const state = await readFile(join(lab.directory, 'state/terraform.access.tfstate'), 'utf8');
    expect(state).not.toContain('plaintext-of-the-secret');
    const outputs = await readFile(lab.outputsFile, 'utf8');
    expect(outputs).not.toContain('plaintext-of-the-secret');
    expect(outputs).not.toContain('key-is-secret');
  });

  it('hangs alarms on the group CloudMonitor made of the pool tag, and calls the trigger URLs', () => {
    expect(only('alicloud_cms_dynamic_tag_group')).toMatchObject({
      tag_key: 'receiver-hooks-pool',
      match_express: [{ tag_value: 'scaler-web', tag_value_match_function: 'equals' }],
    });
    const [up] = created('alicloud_cms_group_metric_rule').filter(
      (call) => call.values?.['rule_id'] === 'scaler-web-up',
    );
    expect(up?.values).toMatchObject({
      group_id: '7654321',
      metric_name: 'CPUUtilization',
      effective_interval: '00:00-23:59',
      webhook: triggerUrls.TF_VAR_trigger_url_web_up,
      escalations: [
        {
          critical: [
            { comparison_operator: 'GreaterThanOrEqualToThreshold', statistics: 'Average', threshold: '80', times: 3 },
          ],
        },
      ],
    });
  });

  it('never prints a trigger URL', () => {
    expect(deployed.output).not.toContain('key-is-secret');
  });

  it('writes machine templates that match the contract and the published example', async () => {
    const outputs: unknown = JSON.parse(await readFile(lab.outputsFile, 'utf8'));
    const { machines } = OutputsFile.parse(outputs);
    const published: unknown = JSON.parse(
      await readFile(join(repository, 'test/fixtures/machine-templates.json'), 'utf8'),
    );
    expect(published).toEqual(outputs);
    expect(machines.machine_templates.templates.map((template) => template.name)).toEqual([
      'scaler-web-cn-hangzhou-i',
      'scaler-web-cn-hangzhou-j',
      'scaler-batch-cn-hangzhou-j',
    ]);
  });

  it.each(stacks)(
    'plans no change for %s when nothing changed',
    async (stack) => {
      const planned = await lab.cdktf(['diff', stack, '--skip-provider-lock'], triggerUrls);
      expectSuccess(planned);
      expect(planned.output).toContain('No changes.');
    },
    minute,
  );

  it(
    'says what to wait for when CloudMonitor has made no group yet',
    async () => {
      const planned = await lab.cdktf(['diff', 'alarms', '--skip-provider-lock'], {
        ...triggerUrls,
        STAND_IN_MONITOR_GROUPS: '',
      });
      expect(planned.code).not.toBe(0);
      expect(planned.output.replaceAll(/[\s│]+/g, ' ')).toContain('Let Rancher make a host, then deploy alarms again.');
    },
    minute,
  );

  it('asks an installed provider for its schema and compares it with ours', async () => {
    const { code, output } = await lab.checkSchema();
    expect(output).toMatch(/\d+ arguments and blocks compared, 0 differences/);
    expect(code).toBe(0);
  });

  it(
    'destroys all it made and nothing else',
    async () => {
      await lab.takeCalls();
      expectSuccess(await lab.cdktf(['destroy', ...stacks, ...unattended], triggerUrls));
      const deletions = (await lab.takeCalls()).filter((call) => call.operation === 'delete').map((call) => call.type);
      const creations = calls.filter((call) => call.operation === 'create').map((call) => call.type);
      expect(deletions.sort()).toEqual(creations.sort());
    },
    minute,
  );
});

describe('infra without terraform', () => {
  const cdktf = (...args: string[]) =>
    run(process.execPath, [join(repository, 'infra/scripts/cdktf.ts'), ...args], { CI: '1', PATH: '/nonexistent' });

  it('says that it is missing and how to mend that', async () => {
    const { code, output } = await cdktf('deploy', 'network');
    expect(code).toBe(1);
    expect(output).toContain('terraform was not found. Install Terraform');
  });

  it('still synthesises, the example when no configuration is named', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'infra-synth-'));
    try {
      const { code, output } = await cdktf('synth', '--output', directory);
      expect(output).toContain('Generated Terraform code for the stacks: access, alarms, machines, network');
      expect(code).toBe(0);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
