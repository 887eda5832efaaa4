import { checkAlarms, checkEffectiveInterval } from './alarms.ts';
import type { Check } from './check.ts';
import { checkLabels } from './labels.ts';
import { checkEgress, checkMachines, checkNat, checkRegion } from './machines.ts';
import { checkPoolNames, checkPoolTags, checkPrefix, checkTags } from './names.ts';
import { checkNetworks } from './networks.ts';
import { checkPgpKey } from './pgp-key.ts';
import { checkIngress } from './ports.ts';
import { checkAcceptedSecrets, checkAccessKeyId, checkKeyGenerations } from './secrets.ts';
import { checkTriggerUrls } from './trigger-urls.ts';
import { checkZones } from './zones.ts';

/**
 * Everything the provider and Terraform accept and Aliyun, Rancher or the machine driver does not. In the order in which a
 * reader meets the parts in the file.
 */
export const checks: readonly Check[] = [
  checkPrefix,
  checkRegion,
  checkTags,
  checkAcceptedSecrets,
  checkNetworks,
  checkZones,
  checkIngress,
  checkNat,
  checkPgpKey,
  checkAccessKeyId,
  checkKeyGenerations,
  checkPoolNames,
  checkLabels,
  checkMachines,
  checkEgress,
  checkPoolTags,
  checkAlarms,
  checkEffectiveInterval,
  checkTriggerUrls,
];
