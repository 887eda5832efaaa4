import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { StateSecret } from '../config/shape.ts';
import { check, PoolsSeen } from './check.ts';

const Reads = z.object({
  acceptInState: z.array(StateSecret).default([]).catch([]),
  access: z.object({ secret: z.object({ kind: z.string() }) }).catch({ secret: { kind: '' } }),
  pools: PoolsSeen.catch([]),
});

/** What lands in Terraform's state in the clear has to be accepted by name: whoever reads the state reads the secret. */
export const checkAcceptedSecrets = check(Reads, ({ acceptInState, access, pools }) => {
  const mistakes: Mistake[] = [];
  const demand = (secret: StateSecret, problem: string, otherwise: string): void => {
    if (acceptInState.includes(secret)) return;
    const remedy = `add "${secret}" to acceptInState when the state is kept as safe as the secret, or ${otherwise}`;
    mistakes.push({ path: 'acceptInState', value: acceptInState, problem, remedy });
  };
  if (access.secret.kind === 'state') {
    demand('access-key-secret', "access.secret.kind state puts the driver's secret in the state", 'use kind pgp');
  }
  if (pools.some((pool) => pool?.alarms.up ?? pool?.alarms.down)) {
    demand('trigger-urls', "an alarm's trigger URL, which is a credential, is kept in the state", 'remove the alarms');
  }
  return mistakes;
});

const External = z.object({
  access: z.object({ secret: z.object({ kind: z.literal('external'), accessKeyId: z.string() }) }),
});

/** A key made elsewhere is named by its id. */
export const checkAccessKeyId = check(External, ({ access: { secret } }) => {
  if (/^[A-Za-z0-9]{16,32}$/.test(secret.accessKeyId)) return [];
  const remedy = 'write the id (LTAI…), never the secret';
  return [{ path: 'access.secret.accessKeyId', value: '(not shown)', problem: 'it is no access key id', remedy }];
});

/** RAM gives a user two access keys at most. */
const keysAtMost = 2;

const Generations = z.object({ access: z.object({ keyGenerations: z.array(z.int()) }) });

/** Key generations: one, or two in the order in which they follow each other. */
export const checkKeyGenerations = check(Generations, ({ access: { keyGenerations } }) => {
  const rises = keyGenerations.every(
    (generation, index) => index === 0 || generation > (keyGenerations[index - 1] ?? 0),
  );
  if (rises && keyGenerations.length >= 1 && keyGenerations.length <= keysAtMost) return [];
  const remedy = 'write one number, or the present one and the next, like [1, 2]';
  return [{ path: 'access.keyGenerations', value: keyGenerations, problem: 'a RAM user has one or two keys', remedy }];
});
