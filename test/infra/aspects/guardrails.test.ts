import { describe, expect, it } from '@jest/globals';
import { CmsGroupMetricRule } from '@cdktf/provider-alicloud/lib/cms-group-metric-rule';
import { RamAccessKey } from '@cdktf/provider-alicloud/lib/ram-access-key';
import { SecurityGroupRule } from '@cdktf/provider-alicloud/lib/security-group-rule';
import { Vpc } from '@cdktf/provider-alicloud/lib/vpc';
import type { StateSecret } from '../../../infra/src/config/shape.ts';
import { AliyunStack, declareProvider } from '../../../infra/src/stacks/aliyun-stack.ts';
import { configure } from '../support/example.ts';
import { resources, synthesiseApp } from '../support/synthesis.ts';

function synthesiseStack(fill: (stack: AliyunStack) => void, acceptInState: readonly StateSecret[] = []) {
  return synthesiseApp((app) => {
    const configuration = { ...configure(), acceptInState: [...acceptInState] };
    const stack = new AliyunStack(app, 'guarded', configuration);
    declareProvider(stack, configuration);
    fill(stack);
  });
}

function addRule(stack: AliyunStack, rule: Readonly<Record<string, string | undefined>>): void {
  new SecurityGroupRule(stack, 'rule', {
    type: 'ingress',
    ipProtocol: 'tcp',
    securityGroupId: 'sg-1',
    portRange: '22/22',
    cidrIp: '0.0.0.0/0',
    ...rule,
  });
}

describe('infra/src/aspects/no-open-management-ports', () => {
  it.each([
    [{}, 'opens 22 to 0.0.0.0/0'],
    [{ portRange: '2376/2376' }, 'opens 2376 to'],
    [{ portRange: '1/65535' }, 'opens 22 and 2376 to'],
    [{ ipProtocol: 'all', portRange: '-1/-1' }, 'opens 22 and 2376 to'],
    [{ portRange: undefined }, 'opens 22 and 2376 to'],
    [{ cidrIp: '0.0.0.0/1' }, 'opens 22 to 0.0.0.0/1'],
  ])('fails synthesis with %j', (rule, message) => {
    expect(() => synthesiseStack((stack) => addRule(stack, rule))).toThrow(message);
  });

  it.each([
    { cidrIp: '203.0.113.10/32' },
    { portRange: '80/80' },
    { policy: 'drop' },
    { type: 'egress' },
    { ipProtocol: 'udp' },
    { cidrIp: undefined, sourceSecurityGroupId: 'sg-1' },
  ])('lets %j pass', (rule) => {
    expect(() => synthesiseStack((stack) => addRule(stack, rule))).not.toThrow();
  });
});

describe('infra/src/aspects/no-secrets-in-state', () => {
  const addKey = (stack: AliyunStack, key: { readonly pgpKey?: string; readonly secretFile?: string }): void => {
    new RamAccessKey(stack, 'key', { userName: 'driver', ...key });
  };
  const addAlarm = (stack: AliyunStack): void => {
    new CmsGroupMetricRule(stack, 'alarm', {
      ruleId: 'r',
      groupId: '1',
      groupMetricRuleName: 'r',
      namespace: 'acs_ecs_dashboard',
      metricName: 'cpu_total',
      webhook: 'http://hooks.example.com/',
      escalations: {},
    });
  };

  it('fails synthesis with an access key that is not encrypted, unless that is accepted', () => {
    expect(() => synthesiseStack((stack) => addKey(stack, {}))).toThrow('add "access-key-secret" to acceptInState');
    expect(() => synthesiseStack((stack) => addKey(stack, {}), ['access-key-secret'])).not.toThrow();
    expect(() => synthesiseStack((stack) => addKey(stack, { pgpKey: 'AAAA' }))).not.toThrow();
  });

  it('fails synthesis with a secret file, accepted or not', () => {
    const withFile = (stack: AliyunStack): void => addKey(stack, { pgpKey: 'AAAA', secretFile: 'secret.txt' });
    expect(() => synthesiseStack(withFile, ['access-key-secret'])).toThrow('secret_file writes the secret to disk');
  });

  it('fails synthesis with a trigger URL in an alarm, unless that is accepted', () => {
    expect(() => synthesiseStack(addAlarm)).toThrow('add "trigger-urls" to acceptInState');
    expect(() => synthesiseStack(addAlarm, ['trigger-urls'])).not.toThrow();
  });
});

describe('infra/src/aspects/default-tags', () => {
  it("puts the configuration's tags on everything, below a resource's own", () => {
    const { guarded } = synthesiseStack((stack) => {
      new Vpc(stack, 'vpc', { tags: { owner: 'network team', tier: 'host' } });
    });
    expect(resources(guarded, 'alicloud_vpc')).toEqual([
      expect.objectContaining({ tags: { 'receiver-hooks': 'scaler', owner: 'network team', tier: 'host' } }),
    ]);
  });
});
