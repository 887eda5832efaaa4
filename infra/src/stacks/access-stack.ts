import { Annotations, TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import type { Configuration } from '../config/shape.ts';
import { exampleKey } from '../config/example-key.ts';
import { DriverIdentity } from '../constructs/driver-identity.ts';
import { accountPolicy, machinePolicy } from '../policy/machine-driver-policy.ts';
import { AliyunStack, declareProvider } from './aliyun-stack.ts';
import type { NetworkStack } from './network-stack.ts';

/** Who Rancher is to Aliyun: a user that can make and remove machines in one resource group. */
export class AccessStack extends AliyunStack {
  readonly accessKeyId: string;

  constructor(scope: Construct, id: string, configuration: Configuration, network: NetworkStack) {
    super(scope, id, configuration);
    declareProvider(this, configuration);
    const { prefix, region, access, pools } = configuration;
    const options = { region, addresses: new Set(pools.map((pool) => pool.address.kind)) };
    const identity = new DriverIdentity(this, 'driver', {
      name: `${prefix}-machine-driver`,
      accountId: network.resourceGroup.accountId,
      resourceGroupId: network.resourceGroup.id,
      groupPolicy: machinePolicy(options),
      accountPolicy: accountPolicy(options),
      secret: access.secret,
      keyGenerations: access.keyGenerations,
    });
    this.accessKeyId = identity.accessKeyId;
    new TerraformOutput(this, 'driver_access_key_id', { value: identity.accessKeyId, staticId: true });
    if (access.secret.kind !== 'pgp' || !identity.key) return;
    if (access.secret.publicKey === exampleKey) {
      Annotations.of(this).addWarning(
        "access.secret.publicKey is the example's: nobody has its private half, so nobody could read the secret. Put in your own before you deploy.",
      );
    }
    // Only what is encrypted leaves this stack: whoever refers to it copies every output into a state of his own.
    new TerraformOutput(this, 'driver_secret_encrypted', { value: identity.key.encryptedSecret, staticId: true });
    new TerraformOutput(this, 'driver_secret_key_fingerprint', { value: identity.key.keyFingerprint, staticId: true });
  }
}
