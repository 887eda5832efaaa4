import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ServiceError, hasCode } from '../domain/errors.ts';
import type { GenericObject, Resource } from '../rancher/resources.ts';
import { AllowedSources } from './allowed-sources.ts';
import { HeldCallback, sealCallback } from './callback.ts';
import { prove, provenanceOf } from './custody.ts';
import type { Custody, Provenance } from './custody.ts';
import { HeldSignature, RateLimit } from './demands.ts';
import { deepestNesting, isNestedTooDeep } from './nesting.ts';
import type { Receiver } from './receiver.ts';
import {
  defaultRepeatAfterSeconds,
  parseDriver,
  parseDriverConfig,
  parseFormatSettings,
  parseRepeatAfterSeconds,
} from './receiver-settings.ts';
import type { ReceiverKinds, ReceiverSettings } from './receiver-settings.ts';
import { isSealed } from './sealing.ts';
import { sealSecret } from './secrets.ts';
import { hashKey, isHashedKey } from './trigger-key.ts';

/** The kind of genericObject that Rancher's own webhook service uses; ours are the same, so both read each other's. */
export const receiverKind = 'webhookReceiver';

/** A receiver as it lies in Rancher. Only the receivers themselves and the API's answers hold one, because of its key. */
export interface StoredReceiver {
  /** The genericObject that holds it now; rename and rotation replace the object, not the receiver. */
  readonly objectId: string;
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  /** Empty when only its hash is known: the sealing key was changed, or somebody took the sealed key away. */
  readonly key: string;
  /** As Rancher holds it: the key or its hash. */
  readonly storedKey: string;
  readonly uid: string | undefined;
  readonly provenance: Provenance;
  readonly created: string;
  readonly content: StoredContent;
}

/** What reading and writing stored receivers needs. */
export interface Keeping {
  readonly kinds: ReceiverKinds;
  readonly custody: Custody;
}

type StoredContent =
  | { readonly kind: 'usable'; readonly receiver: Receiver }
  /** Stored by somebody else, or by a version that knows more: shown, removable, and never run. */
  | {
      readonly kind: 'unusable';
      readonly driver: string;
      readonly config: unknown;
      readonly reason: string;
      /** What it demands and how it reads, when only its driver or config is wrong. */
      readonly options: ReceiverOptions | undefined;
    };

/** What a receiver says besides what it does; without any of ours, as the old service's are, the defaults. */
type ReceiverOptions = Omit<Receiver, 'id' | 'projectId' | 'name' | 'created' | 'driver' | 'config' | 'provenance'>;

const Options = z.object({
  version: z.literal(1),
  /** Absent until the object is replaced for the first time: until then the object's own id is the receiver's. */
  id: z.string().min(1).max(255).optional(),
  /** The name under which this receiver's secrets are sealed. */
  uid: z.string().min(1).max(64).optional(),
  state: z.enum(['active', 'paused']),
  format: z.string(),
  formatSettings: z.record(z.string(), z.unknown()),
  repeatAfterSeconds: z.number(),
  signature: HeldSignature.optional(),
  allowedSources: AllowedSources.optional(),
  rateLimit: RateLimit.optional(),
  callback: HeldCallback.optional(),
  /** That we wrote all of this; see custody.ts. */
  proof: z.string().optional(),
});

type Options = z.infer<typeof Options>;

const goneStates = new Set(['removing', 'removed', 'purging', 'purged']);

/** Whether a resource of the change stream or of a list is a receiver at all. */
export function isReceiverObject(resource: Resource): resource is GenericObject {
  return resource.type === 'genericObject' && resource.kind === receiverKind;
}

/** Rancher goes on answering removed objects by id, and for a moment in lists (recording d_list_by_key_after_delete). */
export function isLiveObject(object: Resource): boolean {
  return !goneStates.has(object.state ?? '') && (object['removed'] ?? null) === null;
}

/**
 * Reads a stored object; what was written by anybody with access to the environment is checked again here. Anything wrong
 * with it makes it `unusable` with the reason, never an exception.
 */
export function decode(object: GenericObject, projectId: string, { kinds, custody }: Keeping): StoredReceiver {
  const given = object.resourceData ?? {};
  const stored = isNestedTooDeep(given) ? {} : given;
  const options = Options.safeParse(stored['receiverHooks']);
  const name = object.name ?? '';
  const storedKey = object.key ?? '';
  const uid = options.success ? options.data.uid : undefined;
  const common = {
    objectId: object.id,
    id: (options.success ? options.data.id : undefined) ?? object.id,
    projectId,
    name,
    key: isHashedKey(storedKey) ? openKey(stored['url'], { projectId, uid, storedKey }, custody) : storedKey,
    storedKey,
    uid,
    provenance: provenanceOf({ projectId, name, storedKey, resourceData: stored }, custody.sealing),
    created: object.created ?? '',
  };
  const driver = typeof stored['driver'] === 'string' ? stored['driver'] : '';
  const unusable = (reason: string, readable?: ReceiverOptions): StoredReceiver => ({
    ...common,
    content: { kind: 'unusable', driver, config: stored['config'], reason, options: readable },
  });
  if (stored !== given) {
    return unusable(
      `what is stored in it is nested deeper than ${String(deepestNesting)} levels; save the receiver again or remove it`,
    );
  }
  if (stored['receiverHooks'] !== undefined && !options.success) {
    return unusable('its stored receiverHooks options are not readable; save the receiver again or remove it');
  }
  if (name === '' || storedKey === '') {
    return unusable('it was stored without a name or without a key; remove it and make it again');
  }
  let readable: ReceiverOptions | undefined;
  try {
    readable = readOptions(options.data, kinds);
    return { ...common, content: { kind: 'usable', receiver: readReceiver(common, stored, readable, kinds) } };
  } catch (error) {
    if (!hasCode(error)) throw error;
    return unusable(`its stored settings are not valid: ${error.message}`, readable);
  }
}

function readOptions(options: Options | undefined, { formats }: ReceiverKinds): ReceiverOptions {
  const { uid, signature, allowedSources, rateLimit, callback, format = 'auto' } = options ?? {};
  return {
    state: options?.state ?? 'active',
    format,
    formatSettings: parseFormatSettings(formats, format, options?.formatSettings),
    repeatAfterSeconds: parseRepeatAfterSeconds(options?.repeatAfterSeconds ?? defaultRepeatAfterSeconds),
    ...(uid === undefined ? {} : { uid }),
    ...(signature === undefined ? {} : { signature }),
    ...(allowedSources === undefined ? {} : { allowedSources }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(callback === undefined ? {} : { callback }),
  };
}

function readReceiver(
  { id, projectId, name, created, provenance }: Omit<StoredReceiver, 'content'>,
  stored: Readonly<Record<string, unknown>>,
  options: ReceiverOptions,
  { drivers }: ReceiverKinds,
): Receiver {
  const driver = parseDriver(drivers, stored['driver']);
  const config = parseDriverConfig(driver, stored['config']);
  return { ...options, id, projectId, name, created, provenance, driver: driver.id, config };
}

const keyField = 'trigger key';

/** The key of a receiver whose object holds its hash; empty when it cannot be opened: it triggers all the same. */
function openKey(
  sealed: unknown,
  { projectId, uid, storedKey }: Pick<StoredReceiver, 'projectId' | 'uid' | 'storedKey'>,
  { sealing }: Custody,
): string {
  if (!isSealed(sealed) || uid === undefined) return '';
  try {
    const key = sealing.open(sealed, { projectId, receiver: uid, field: keyField });
    return hashKey(key) === storedKey ? key : '';
  } catch (error) {
    if (hasCode(error, 'SEALING_KEY_CHANGED', 'SETTINGS_INVALID')) return '';
    throw error;
  }
}

/** What `encode` writes besides the owner's settings. */
export interface Storing {
  readonly projectId: string;
  /** Empty when it is not known; then `storedKey` is its hash and stays. */
  readonly key: string;
  /** Absent for a new object: then the key is stored as `TRIGGER_KEYS` says. */
  readonly storedKey?: string;
  /** The trigger URL, for the old service. */
  readonly url: string;
  readonly uid: string | undefined;
  readonly state: Receiver['state'];
  /** The receiver's id, when the object that will hold it is not its first. */
  readonly id: string | undefined;
  /** `ours`: whoever asked for this may do what the receiver does. */
  readonly provenance: Provenance;
}

export interface Encoded {
  readonly storedKey: string;
  readonly resourceData: Readonly<Record<string, unknown>>;
}

/**
 * An object for a receiver: `url`, `driver` and `config` as the old service keeps them, and ours beside them under one
 * name that it ignores. `before` is what lies there now; fields of it that we do not know stay.
 */
export function encode(
  settings: ReceiverSettings,
  storing: Storing,
  custody: Custody,
  before: Readonly<Record<string, unknown>> = {},
): Encoded {
  const { sealing, triggerKeys } = custody;
  const { projectId, key } = storing;
  const uid = storing.uid ?? randomUUID();
  const storedKey = storing.storedKey ?? (triggerKeys === 'hashed' ? hashKey(key) : key);
  const sealedKey = (): unknown =>
    key === '' ? before['url'] : sealing.seal(key, { projectId, receiver: uid, field: keyField });
  const options: Options = {
    version: 1,
    ...(storing.id === undefined ? {} : { id: storing.id }),
    uid,
    state: storing.state,
    format: settings.format,
    formatSettings: settings.formatSettings,
    repeatAfterSeconds: settings.repeatAfterSeconds,
    ...sealedDemands(settings, { projectId, uid }, custody),
  };
  const resourceData = {
    ...(isNestedTooDeep(before) ? {} : before),
    url: isHashedKey(storedKey) ? sealedKey() : storing.url,
    driver: settings.driver,
    config: settings.config,
    receiverHooks: options,
  };
  if (storing.provenance !== 'ours') return { storedKey, resourceData };
  const proof = prove({ projectId, name: settings.name, storedKey, resourceData }, sealing);
  return { storedKey, resourceData: { ...resourceData, receiverHooks: { ...options, proof } } };
}

function sealedDemands(
  { signature, allowedSources, rateLimit, callback }: ReceiverSettings,
  owner: { readonly projectId: string; readonly uid: string },
  { sealing }: Custody,
): Partial<Options> {
  return {
    ...(signature === undefined
      ? {}
      : {
          signature: {
            ...signature,
            secrets: signature.secrets.map((secret) => sealSecret(secret, 'signature', owner, sealing)),
          },
        }),
    ...(allowedSources === undefined ? {} : { allowedSources }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(callback === undefined ? {} : { callback: sealCallback(callback, owner, sealing) }),
  };
}

/** @throws ServiceError SETTINGS_INVALID with the reason when it is not usable. */
export function usable(stored: StoredReceiver): Receiver {
  if (stored.content.kind === 'usable') return stored.content.receiver;
  throw new ServiceError('SETTINGS_INVALID', `receiver ${stored.id} cannot be used: ${stored.content.reason}`);
}

/** The owner's part of a receiver, to be written again with something else changed. */
export function settingsOf(receiver: Receiver): ReceiverSettings {
  return {
    name: receiver.name,
    driver: receiver.driver,
    config: receiver.config as ReceiverSettings['config'],
    format: receiver.format,
    formatSettings: receiver.formatSettings as ReceiverSettings['formatSettings'],
    repeatAfterSeconds: receiver.repeatAfterSeconds,
    ...(receiver.signature === undefined ? {} : { signature: receiver.signature }),
    ...(receiver.allowedSources === undefined ? {} : { allowedSources: receiver.allowedSources }),
    ...(receiver.rateLimit === undefined ? {} : { rateLimit: receiver.rateLimit }),
    ...(receiver.callback === undefined ? {} : { callback: receiver.callback }),
  };
}

/** Rancher's ids count upwards (`1go138`): the order in which objects were made. */
export function ordinal(objectId: string): number {
  const digits = /(\d+)$/.exec(objectId)?.[1];
  return digits === undefined ? Number.MAX_SAFE_INTEGER : Number(digits);
}
