import { Annotations } from 'cdktf';
import type { IAspect } from 'cdktf';
import type { IConstruct } from 'constructs';
import { CmsGroupMetricRule } from '@cdktf/provider-alicloud/lib/cms-group-metric-rule';
import { RamAccessKey } from '@cdktf/provider-alicloud/lib/ram-access-key';
import type { StateSecret } from '../config/shape.ts';

/** Fails synthesis when a secret would be readable in Terraform's state and the configuration did not accept that. */
export class NoSecretsInState implements IAspect {
  readonly #accepted: ReadonlySet<StateSecret>;

  constructor(accepted: readonly StateSecret[]) {
    this.#accepted = new Set(accepted);
  }

  visit(node: IConstruct): void {
    if (node instanceof RamAccessKey) this.#visitAccessKey(node);
    if (node instanceof CmsGroupMetricRule && node.webhookInput !== undefined) this.#demand(node, 'trigger-urls');
  }

  #visitAccessKey(key: RamAccessKey): void {
    if (key.secretFileInput !== undefined) {
      Annotations.of(key).addError('secret_file writes the secret to disk in the clear; leave it out');
    }
    if (key.pgpKeyInput === undefined) this.#demand(key, 'access-key-secret');
  }

  #demand(node: IConstruct, secret: StateSecret): void {
    if (this.#accepted.has(secret)) return;
    Annotations.of(node).addError(
      `keeps a secret in the state in the clear; encrypt or remove it, or add "${secret}" to acceptInState`,
    );
  }
}
