import { Construct } from 'constructs';
import { RamAccessKey } from '@cdktf/provider-alicloud/lib/ram-access-key';
import { RamPolicy } from '@cdktf/provider-alicloud/lib/ram-policy';
import { RamUser } from '@cdktf/provider-alicloud/lib/ram-user';
import { RamUserPolicyAttachment } from '@cdktf/provider-alicloud/lib/ram-user-policy-attachment';
import { ResourceManagerPolicyAttachment } from '@cdktf/provider-alicloud/lib/resource-manager-policy-attachment';
import type { Access } from '../config/shape.ts';
import type { PolicyDocument } from '../policy/machine-driver-policy.ts';
import { policyBytesAtMost } from '../policy/machine-driver-policy.ts';

export interface DriverIdentityProps {
  readonly name: string;
  readonly accountId: string;
  readonly resourceGroupId: string;
  /** Attached with the resource group as its scope. */
  readonly groupPolicy: PolicyDocument;
  /** Attached account-wide: reading, and what belongs to no group. */
  readonly accountPolicy: PolicyDocument;
  readonly secret: Access['secret'];
  /** One key for each; the last is the one to use. */
  readonly keyGenerations: readonly number[];
}

/** The RAM user whose key Rancher's machine driver works with; it takes neither a role nor a temporary token. */
export class DriverIdentity extends Construct {
  readonly user: RamUser;
  /** The key to use; undefined when it is made elsewhere. */
  readonly key: RamAccessKey | undefined;
  readonly accessKeyId: string;

  constructor(scope: Construct, id: string, props: DriverIdentityProps) {
    super(scope, id);
    this.user = new RamUser(this, 'user', {
      name: props.name,
      displayName: props.name,
      comments: "Rancher's machine driver; no console, no other use",
      // A key made by hand is not Terraform's to remove, and Aliyun keeps a user that still has one.
      force: props.secret.kind === 'external',
    });
    this.#allowInGroup(props);
    this.#allowInAccount(props);
    this.key = this.#makeKeys(props).at(-1);
    this.accessKeyId = props.secret.kind === 'external' ? props.secret.accessKeyId : (this.key?.id ?? '');
  }

  #allowInGroup({ name, groupPolicy, accountId, resourceGroupId }: DriverIdentityProps): void {
    const policy = this.#policy('machines', `${name}-machines`, groupPolicy);
    new ResourceManagerPolicyAttachment(this, 'machines-in-group', {
      policyName: policy.policyName,
      policyType: 'Custom',
      principalName: `${this.user.name}@${accountId}.onaliyun.com`,
      principalType: 'IMSUser',
      resourceGroupId,
    });
  }

  #allowInAccount({ name, accountPolicy }: DriverIdentityProps): void {
    const policy = this.#policy('account', `${name}-account`, accountPolicy);
    new RamUserPolicyAttachment(this, 'account-wide', {
      userName: this.user.name,
      policyName: policy.policyName,
      policyType: 'Custom',
    });
  }

  #policy(id: string, policyName: string, document: PolicyDocument): RamPolicy {
    const policyDocument = JSON.stringify(document);
    if (Buffer.byteLength(policyDocument) > policyBytesAtMost) {
      throw new Error(`policy ${policyName} has more than the ${policyBytesAtMost} bytes Aliyun takes`);
    }
    return new RamPolicy(this, `${id}-policy`, {
      policyName,
      policyDocument,
      description: 'What the machine driver aliyunecs calls',
      // RAM keeps five versions of a policy; without this the sixth change fails.
      rotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
    });
  }

  #makeKeys({ secret, keyGenerations }: DriverIdentityProps): RamAccessKey[] {
    if (secret.kind === 'external') return [];
    const encryption = secret.kind === 'pgp' ? { pgpKey: secret.publicKey } : {};
    return keyGenerations.map(
      (generation) => new RamAccessKey(this, `key-${generation}`, { userName: this.user.name, ...encryption }),
    );
  }
}
