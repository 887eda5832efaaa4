import { describe, expect, it } from '@jest/globals';
import { exampleKey } from '../../../infra/src/config/example-key.ts';
import { changed, configure, exampleJson } from '../support/example.ts';
import type { Json } from '../support/example.ts';
import { resources, synthesise } from '../support/synthesis.ts';
import type { Values } from '../support/synthesis.ts';

function stacksOf(json: Json = exampleJson()) {
  return synthesise(configure(json));
}

describe('infra/src/program', () => {
  it('makes the four stacks, and no alarms stack when no pool has alarms', () => {
    expect(Object.keys(stacksOf()).sort()).toEqual(['access', 'alarms', 'machines', 'network']);
    expect(Object.keys(stacksOf(changed('pools.0.alarms', {})))).not.toContain('alarms');
  });

  it('tells every provider block region and account type, and no credential', () => {
    for (const stack of Object.values(stacksOf())) {
      for (const block of stack.provider?.['alicloud'] ?? []) {
        expect(block).toEqual({ region: 'cn-hangzhou', account_type: 'Domestic' });
      }
    }
  });

  it('bounds the provider below its next major version', () => {
    expect(stacksOf()['network']?.terraform['required_providers']).toEqual({
      alicloud: { source: 'aliyun/alicloud', version: '~> 1.283' },
    });
  });

  it('synthesises the same from the same', () => {
    expect(stacksOf()).toEqual(stacksOf());
  });

  it('keeps state in OSS when told to, encrypted and private, with a key for each stack', () => {
    const state = { kind: 'oss', bucket: 'states', lock: { endpoint: 'https://x.ots.aliyuncs.com', table: 'locks' } };
    const { network, access } = stacksOf(changed('state', state));
    expect(network?.terraform['backend']).toEqual({
      oss: {
        bucket: 'states',
        prefix: 'receiver-hooks',
        key: 'network.tfstate',
        region: 'cn-hangzhou',
        encrypt: true,
        acl: 'private',
        tablestore_endpoint: 'https://x.ots.aliyuncs.com',
        tablestore_table: 'locks',
      },
    });
    expect(access?.data?.['terraform_remote_state']).toMatchObject({
      'cross-stack-reference-input-network': { backend: 'oss' },
    });
  });
});

describe('infra/src/stacks/network-stack', () => {
  it('needs no NAT gateway when the way out exists', () => {
    const { network } = stacksOf(changed('network.nat', 'existing'));
    for (const type of ['nat_gateway', 'eip_address', 'eip_association', 'snat_entry']) {
      expect(resources(network, `alicloud_${type}`)).toEqual([]);
    }
  });

  it('waits with SNAT until the address is bound to the gateway', () => {
    for (const entry of resources(stacksOf()['network'], 'alicloud_snat_entry')) {
      expect(entry['depends_on']).toEqual([expect.stringContaining('alicloud_eip_association')]);
    }
  });

  it('writes the bandwidth of an address as text, as the provider wants it', () => {
    const [address] = resources(stacksOf()['network'], 'alicloud_eip_address');
    expect(address).toMatchObject({ bandwidth: '20', payment_type: 'PayAsYouGo' });
  });

  it('leaves the web ports to the driver when they are open', () => {
    const rules = resources(stacksOf(changed('network.web', 'open'))['network'], 'alicloud_security_group_rule');
    expect(rules.filter((rule) => rule['policy'] === 'drop')).toEqual([]);
  });

  it('adds ingress, and one rule for each address of Rancher', () => {
    const ingress = [{ protocol: 'tcp', ports: '8080/8090', cidr: '198.51.100.0/24', description: 'office' }];
    const wanted = changed(
      'network.rancherCidrs',
      ['203.0.113.10/32', '203.0.113.11/32'],
      changed('network.ingress', ingress),
    );
    const rules = resources(stacksOf(wanted)['network'], 'alicloud_security_group_rule');
    expect(rules.filter((rule) => rule['port_range'] === '22/22')).toHaveLength(2);
    expect(rules).toContainEqual(
      expect.objectContaining({
        ip_protocol: 'tcp',
        port_range: '8080/8090',
        cidr_ip: '198.51.100.0/24',
        description: 'office',
      }),
    );
  });
});

describe('infra/src/stacks/access-stack', () => {
  it('encrypts the key by default and hands out only what is encrypted', () => {
    const { access } = stacksOf();
    expect(resources(access, 'alicloud_ram_access_key')).toEqual([expect.objectContaining({ pgp_key: exampleKey })]);
    expect(Object.values(access?.output ?? {}).filter((output) => /\.secret\b/.test(JSON.stringify(output)))).toEqual(
      [],
    );
    expect(access?.output).toHaveProperty('driver_secret_encrypted');
  });

  it('keeps the old key beside the new one during a rotation, and hands out the new one', () => {
    const { access, machines } = stacksOf(changed('access.keyGenerations', [1, 2]));
    expect(Object.keys(access?.resource?.['alicloud_ram_access_key'] ?? {})).toHaveLength(2);
    expect(access?.output?.['driver_access_key_id']?.['value']).toMatch(/driver_key-2_\w+\.id/);
    expect(JSON.stringify(machines?.output)).toMatch(/driver_key-2/);
    expect(JSON.stringify(machines?.output)).not.toMatch(/driver_key-1/);
  });

  it('makes no key when it is made elsewhere, and names that one', () => {
    const secret = { kind: 'external', accessKeyId: 'LTAI5tExampleExample1234' };
    const { access, machines } = stacksOf(changed('access.secret', secret));
    expect(resources(access, 'alicloud_ram_access_key')).toEqual([]);
    expect(resources(access, 'alicloud_ram_user')).toEqual([expect.objectContaining({ force: true })]);
    expect(JSON.stringify(machines?.output)).toContain('LTAI5tExampleExample1234');
  });

  it('outputs no secret even when it is accepted in the state', () => {
    const inState = changed(
      'acceptInState',
      ['access-key-secret', 'trigger-urls'],
      changed('access.secret', { kind: 'state' }),
    );
    const { access } = stacksOf(inState);
    expect(resources(access, 'alicloud_ram_access_key')[0]).not.toHaveProperty('pgp_key');
    expect(Object.keys(access?.output ?? {}).filter((name) => name.includes('secret'))).toEqual([]);
  });
});

describe('infra/src/stacks/machines-stack', () => {
  const templatesOf = (json?: Json): Values[] => {
    const output = stacksOf(json)['machines']?.output?.['machine_templates'] ?? { value: {} };
    const { version, templates } = output['value'] as { readonly version: number; readonly templates: Values[] };
    expect(version).toBe(1);
    return templates;
  };

  it('makes a template for each pool and zone and nothing of its own', () => {
    expect(templatesOf().map((template) => template['name'])).toEqual([
      'scaler-web-cn-hangzhou-i',
      'scaler-web-cn-hangzhou-j',
      'scaler-batch-cn-hangzhou-j',
    ]);
    expect(stacksOf()['machines']?.resource).toBeUndefined();
  });

  it('gives the driver strings for numbers, a boolean and a list of tags', () => {
    const [web, , batch] = templatesOf();
    expect(web?.['driverConfig']).toMatchObject({
      systemDiskSize: '40',
      diskSize: '100',
      diskFs: 'ext4',
      privateAddressOnly: true,
      tag: ['receiver-hooks=scaler', 'owner=ops', 'receiver-hooks-pool=scaler-web'],
    });
    expect(web?.['driverConfig']).not.toHaveProperty('internetMaxBandwidth');
    expect(batch?.['driverConfig']).toMatchObject({ privateAddressOnly: false, internetMaxBandwidth: '20' });
    expect(batch?.['driverConfig']).not.toHaveProperty('diskSize');
  });

  it('names the security group, because the driver looks it up by name', () => {
    expect(JSON.stringify(templatesOf()[0]?.['driverConfig'])).toMatch(/"securityGroup":"[^"]*security_group_name}"/);
  });

  it("carries labels, engine options in Rancher's spelling, and the pool's bounds", () => {
    const engine = {
      installUrl: 'https://example.com/18.09.sh',
      insecureRegistries: ['10.0.0.1:5000'],
      storageDriver: 'overlay2',
      options: { 'log-opt': 'max-size=10m' },
    };
    const [web] = templatesOf(changed('pools.0.engine', engine));
    expect(web).toMatchObject({
      labels: { pool: 'web' },
      hosts: { min: 1, max: 10, step: 1 },
      engine: {
        engineInstallUrl: 'https://example.com/18.09.sh',
        engineInsecureRegistry: ['10.0.0.1:5000'],
        engineStorageDriver: 'overlay2',
        engineOpt: { 'log-opt': 'max-size=10m' },
      },
    });
    expect(web?.['engine']).not.toHaveProperty('engineRegistryMirror');
  });

  it('passes the endpoint of a region the driver does not know', () => {
    const [web] = templatesOf(changed('driver', { apiEndpoint: 'https://ecs.cn-hangzhou.aliyuncs.com' }));
    expect(web?.['driverConfig']).toMatchObject({ apiEndpoint: 'https://ecs.cn-hangzhou.aliyuncs.com' });
  });
});

describe('infra/src/stacks/alarms-stack', () => {
  it('refers to trigger URLs by sensitive variables without a default', () => {
    const { alarms } = stacksOf();
    expect(Object.keys(alarms?.variable ?? {}).sort()).toEqual(['trigger_url_web_down', 'trigger_url_web_up']);
    for (const variable of Object.values(alarms?.variable ?? {})) {
      expect(variable).toMatchObject({ sensitive: true, nullable: false });
      expect(variable).not.toHaveProperty('default');
    }
    expect(
      resources(alarms, 'alicloud_cms_group_metric_rule')
        .map((rule) => rule['webhook'])
        .map(String)
        .sort(),
    ).toEqual(['${var.trigger_url_web_down}', '${var.trigger_url_web_up}']);
  });

  it.each([
    ['>', 'GreaterThanThreshold'],
    ['>=', 'GreaterThanOrEqualToThreshold'],
  ])('spells %s as CloudMonitor does', (operator, spelled) => {
    const { alarms } = stacksOf(changed('pools.0.alarms.up.operator', operator));
    const up = resources(alarms, 'alicloud_cms_group_metric_rule').find((rule) => rule['rule_id'] === 'scaler-web-up');
    expect(up).toMatchObject({ escalations: { critical: { comparison_operator: spelled } } });
  });

  it('tells the contacts that exist already', () => {
    const { alarms } = stacksOf(changed('alarms', { contacts: ['on-call'] }));
    expect(resources(alarms, 'alicloud_cms_alarm_contact_group')).toEqual([
      expect.objectContaining({ contacts: ['on-call'] }),
    ]);
  });
});
