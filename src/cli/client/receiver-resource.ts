import * as z from 'zod';
import { CliError } from '../cli-error.ts';
import type { ServiceClient } from './service-client.ts';

/** A receiver as our API gives it; what is not read here travels along. */
const ReceiverResource = z.looseObject({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  state: z.string().nullish(),
  url: z.string().nullish(),
  /** `ours`, or `unverified`: somebody else wrote it, and what needs an adoption does nothing. */
  provenance: z.string().nullish(),
  /** Why it cannot be used, when its state is `error`. */
  transitioningMessage: z.string().nullish(),
});

export type ReceiverResource = z.infer<typeof ReceiverResource>;

/** @throws CliError when it is not a receiver. */
export function parseReceiver(answer: unknown): ReceiverResource {
  const parsed = ReceiverResource.safeParse(answer);
  if (!parsed.success) throw new CliError('the answer is not a receiver; does --url name this service?');
  return parsed.data;
}

/** Secrets that the service made in this answer, and shows in no other. */
export function madeSecrets(receiver: ReceiverResource): readonly string[] {
  const { signature, callback } = z
    .object({ signature: WithSecrets.nullish(), callback: WithSecrets.nullish() })
    .parse(receiver);
  return [signature, callback].flatMap((field) => field?.secrets ?? []).flatMap(({ secret }) => secret ?? []);
}

const WithSecrets = z.looseObject({ secrets: z.array(z.looseObject({ secret: z.string().optional() })).optional() });

/** Every receiver of the project, by name. */
export async function listReceivers(client: ServiceClient): Promise<readonly ReceiverResource[]> {
  const receivers = (await client.list('/receivers')).map(parseReceiver);
  return receivers.toSorted((a, b) => a.name.localeCompare(b.name));
}

/**
 * An id goes before a name: a receiver may bear the name that is another's id, and then only its own id tells it apart.
 * @throws CliError when no receiver has this name or id, or several have this name.
 */
export async function findReceiver(client: ServiceClient, nameOrId: string): Promise<ReceiverResource> {
  const receivers = await listReceivers(client);
  const found = receivers.filter((receiver) => receiver.name === nameOrId);
  const receiver = receivers.find(({ id }) => id === nameOrId) ?? found[0];
  if (receiver === undefined) {
    throw new CliError(`there is no receiver "${nameOrId}" in this project; "receivers list" shows what there is`);
  }
  if (receiver.id !== nameOrId && found.length > 1) {
    throw new CliError(`${String(found.length)} receivers are called "${nameOrId}"; name one by its id`);
  }
  return receiver;
}

/** The driver's part of a receiver, without the `type` that repeats the driver's name. */
export function configOf(receiver: ReceiverResource): Readonly<Record<string, unknown>> {
  const config = receiver[`${receiver.driver}Config`];
  if (typeof config !== 'object' || config === null) return {};
  return Object.fromEntries(Object.entries(config).filter(([name, value]) => name !== 'type' && value !== null));
}
