import { resolve } from 'node:path';
import { Aspects, LocalBackend, OssBackend, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { AlicloudProvider } from '@cdktf/provider-alicloud/lib/provider';
import { DefaultTags } from '../aspects/default-tags.ts';
import { NoOpenManagementPorts } from '../aspects/no-open-management-ports.ts';
import { NoSecretsInState } from '../aspects/no-secrets-in-state.ts';
import type { Configuration } from '../config/shape.ts';

/** What every stack has: where its state is kept, the default tags, the guardrails. */
export class AliyunStack extends TerraformStack {
  constructor(scope: Construct, id: string, configuration: Configuration) {
    super(scope, id);
    keepState(this, id, configuration);
    // An aspect on the app is never called: cdktf invokes those of each stack only.
    Aspects.of(this).add(new DefaultTags(defaultTags(configuration)));
    Aspects.of(this).add(new NoOpenManagementPorts());
    Aspects.of(this).add(new NoSecretsInState(configuration.acceptInState));
  }
}

/** The tags of every resource and machine. */
export function defaultTags({ prefix, tags }: Configuration): Readonly<Record<string, string>> {
  return { 'receiver-hooks': prefix, ...tags };
}

/** Declares the provider. Its account type is never left out: without it, each plan asks the billing service and waits. */
export function declareProvider(stack: AliyunStack, { region, accountType }: Configuration): void {
  new AlicloudProvider(stack, 'alicloud', { region, accountType });
}

function keepState(stack: TerraformStack, id: string, { state, region }: Configuration): void {
  if (state.kind === 'local') {
    const file = `terraform.${id}.tfstate`;
    // Terraform runs in cdktf.out/stacks/<id>, where a relative path would be lost with the next synthesis.
    new LocalBackend(stack, { path: resolve(state.directory ?? '.', file) });
    return;
  }
  new OssBackend(stack, {
    bucket: state.bucket,
    prefix: state.prefix,
    key: `${id}.tfstate`,
    region: state.region ?? region,
    encrypt: true,
    acl: 'private',
    ...(state.lock ? { tablestoreEndpoint: state.lock.endpoint, tablestoreTable: state.lock.table } : {}),
  });
}
