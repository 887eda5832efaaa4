import { stringify } from 'yaml';
import * as z from 'zod';
import { configOf, type ReceiverResource } from './receiver-resource.ts';

/** Without its secrets: a file is passed around. One that is applied where there is none yet has a secret made. */
export const Signature = z.strictObject({
  kind: z.string(),
  header: z.string().optional(),
  timestampHeader: z.string().optional(),
  toleranceSeconds: z.number().optional(),
});
export const RateLimit = z.strictObject({ triggers: z.number(), perSeconds: z.number() });

/** A receiver as it is written in a file: everything of it except its id, key and address. */
export const ReceiverSpec = z.strictObject({
  name: z.string().min(1),
  driver: z.string().min(1),
  config: z.record(z.string(), z.unknown()),
  state: z.enum(['active', 'paused']).optional(),
  format: z.string().min(1).optional(),
  formatSettings: z.record(z.string(), z.unknown()).optional(),
  repeatAfterSeconds: z.number().int().min(0).optional(),
  signature: Signature.optional(),
  allowedSources: z.array(z.string()).optional(),
  rateLimit: RateLimit.optional(),
});

export type ReceiverSpec = z.infer<typeof ReceiverSpec>;

/** The fields beside name, driver, config and state; they are called the same in a file and in the API. */
export const optionFields = [
  'format',
  'formatSettings',
  'repeatAfterSeconds',
  'signature',
  'allowedSources',
  'rateLimit',
] as const;

/** An option of a receiver as a file would have it. */
export function optionOf(receiver: ReceiverResource, field: (typeof optionFields)[number]): unknown {
  const value = receiver[field];
  if (field !== 'signature' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'secrets'));
}

export const ReceiverDocument = z.strictObject({ receivers: z.array(ReceiverSpec) });

/** What a receiver would look like in a file. */
function describeReceiver(receiver: ReceiverResource): ReceiverSpec {
  const options = optionFields.flatMap((field) => {
    const value = optionOf(receiver, field);
    const isDefault = value === undefined || value === null || JSON.stringify(value) === '{}';
    return isDefault ? [] : [[field, value] as const];
  });
  return {
    name: receiver.name,
    driver: receiver.driver,
    config: configOf(receiver),
    ...(receiver.state === 'paused' && { state: 'paused' }),
    ...Object.fromEntries(options),
  };
}

/**
 * YAML of many receivers, in the order of their names; no key and no address is in it. Those that the service itself cannot
 * read would be refused again wherever the file is applied: they are named in comments instead.
 */
export function writeReceivers(receivers: readonly ReceiverResource[]): string {
  const unusable = receivers.filter((receiver) => receiver.state === 'error');
  const comments = unusable.map(({ name, id, transitioningMessage }) => {
    const reason = transitioningMessage ?? 'it cannot be used';
    return `# not exported: ${JSON.stringify(name)} (${id}): ${reason.replaceAll(/\s+/g, ' ')}\n`;
  });
  const usable = receivers.filter((receiver) => receiver.state !== 'error');
  for (const { name, id } of usable.filter((receiver) => (receiver['callback'] ?? null) !== null)) {
    comments.push(`# not exported: the callback of ${JSON.stringify(name)} (${id}), whose address is a secret\n`);
  }
  return `${comments.join('')}${stringify({ receivers: usable.map(describeReceiver) })}`;
}
