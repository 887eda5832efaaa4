import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Execution } from '../../../src/executions/execution.ts';
import { scaleHost } from '../../../src/drivers/scale-host.ts';
import type { ScaleHostConfig } from '../../../src/drivers/scale-host/config.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import type { Replica } from '../../support/executions-under-test.ts';

export const projectId = '1a5';
/** The labels of the group under test. */
export const tier = { tier: 'web' };
/** What its machines were made with, secret included. */
export const driverConfig = { accessKeyId: 'key-id', accessKeySecret: 'driver-secret', region: 'cn-beijing' };

/** A host as the sandbox's API shows it to an admin. */
export interface ShownHost {
  readonly id: string;
  readonly hostname: string;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hostTemplateId: string | null;
  readonly [field: string]: unknown;
}

/** Settings of a receiver that adds one host to `tier=web`, and whatever differs. */
export function settings(differing: Readonly<Record<string, unknown>> = {}): ScaleHostConfig {
  const isDown = differing['action'] === 'down';
  return scaleHost.Config.parse({
    ...('hostTemplateId' in differing ? {} : { hostSelector: tier }),
    action: 'up',
    amount: 1,
    min: 1,
    max: 10,
    ...(isDown ? { deleteOption: 'mostRecent' } : {}),
    ...differing,
  });
}

/** Sends one trigger; answers its execution's id as soon as it is stored. */
export async function send(replica: Replica, differing: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { execution } = await replica.executions.submit({
    projectId,
    receiverId: `1go${randomUUID()}`,
    receiverName: 'hosts',
    driver: 'scaleHost',
    config: settings(differing),
    format: 'generic',
    signal: { says: 'fire', reason: 'called' },
    repeatAfterSeconds: 600,
    idempotencyKey: undefined,
    body: Buffer.from(''),
    wait: 'respond-async',
  });
  return execution.id;
}

/** Sends one trigger and waits for its end. */
export async function trigger(replica: Replica, differing: Readonly<Record<string, unknown>> = {}): Promise<Execution> {
  return replica.ended(await send(replica, differing));
}

/** The hosts of the project that are not removed. */
export function hostsOf(sandbox: Sandbox): readonly ShownHost[] {
  const hosts: ShownHost[] = [];
  for (let number = 1; ; number += 1) {
    const host = sandbox.inspect(`1h${String(number)}`);
    if (host === undefined) return hosts;
    if (host['accountId'] === projectId && host['removed'] === null && host['kind'] !== 'sim')
      hosts.push(host as unknown as ShownHost);
  }
}

/** Every host there ever was, removed ones too: what was made by mistake does not hide behind its removal. */
export function everMade(sandbox: Sandbox): number {
  let number = 1;
  while (sandbox.inspect(`1h${String(number)}`) !== undefined) number += 1;
  return number - 1;
}

/** Names in the order of their ids. */
export function namesOf(hosts: readonly ShownHost[]): readonly string[] {
  return hosts.map(({ hostname }) => hostname);
}

/** Waits until the sandbox has come there; the suite's own time-out ends it. */
export async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await pause(5);
}
