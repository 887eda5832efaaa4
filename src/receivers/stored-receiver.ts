import { randomInt } from 'node:crypto';
import * as z from 'zod';
import { hasCode } from '../domain/errors.ts';
import type { GenericObject, Resource } from '../rancher/resources.ts';
import type { Receiver } from './receiver.ts';
import {
  defaultRepeatAfterSeconds,
  parseDriver,
  parseDriverConfig,
  parseFormatSettings,
  parseRepeatAfterSeconds,
} from './receiver-settings.ts';
import type { ReceiverKinds, ReceiverSettings } from './receiver-settings.ts';

/** The kind of genericObject that Rancher's own webhook service uses; ours are the same, so both read each other's. */
export const receiverKind = 'webhookReceiver';

/** A receiver as it lies in Rancher. Only the receivers themselves and the API's answers hold one, because of its key. */
export interface StoredReceiver {
  /** The genericObject that holds it now; rename and rotation replace the object, not the receiver. */
  readonly objectId: string;
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly key: string;
  readonly created: string;
  readonly content: StoredContent;
}

type StoredContent =
  | { readonly kind: 'usable'; readonly receiver: Receiver }
  /** Stored by somebody else, or by a version that knows more: shown, removable, and never run. */
  | { readonly kind: 'unusable'; readonly driver: string; readonly config: unknown; readonly reason: string };

const Options = z.object({
  version: z.literal(1),
  /** Absent until the object is replaced for the first time: until then the object's own id is the receiver's. */
  id: z.string().min(1).max(255).optional(),
  state: z.enum(['active', 'paused']),
  format: z.string(),
  formatSettings: z.record(z.string(), z.unknown()),
  repeatAfterSeconds: z.number(),
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

/** A new trigger key: 40 alphanumerics from the system's random source, as the old service makes them. */
export function newKey(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length: 40 }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/**
 * Reads a stored object; what was written by anybody with access to the environment is checked again here. Anything wrong
 * with it makes it `unusable` with the reason, never an exception.
 */
export function decode(object: GenericObject, projectId: string, kinds: ReceiverKinds): StoredReceiver {
  const stored = object.resourceData ?? {};
  const options = Options.safeParse(stored['receiverHooks']);
  const common = {
    objectId: object.id,
    id: (options.success ? options.data.id : undefined) ?? object.id,
    projectId,
    name: object.name ?? '',
    key: object.key ?? '',
    created: object.created ?? '',
  };
  const driver = typeof stored['driver'] === 'string' ? stored['driver'] : '';
  const unusable = (reason: string): StoredReceiver => ({
    ...common,
    content: { kind: 'unusable', driver, config: stored['config'], reason },
  });
  if (stored['receiverHooks'] !== undefined && !options.success) {
    return unusable('its stored receiverHooks options are not readable; save the receiver again or remove it');
  }
  if (common.name === '' || common.key === '') {
    return unusable('it was stored without a name or without a key; remove it and make it again');
  }
  try {
    return { ...common, content: { kind: 'usable', receiver: readReceiver(common, stored, options.data, kinds) } };
  } catch (error) {
    if (!hasCode(error)) throw error;
    return unusable(`its stored settings are not valid: ${error.message}`);
  }
}

function readReceiver(
  common: Omit<StoredReceiver, 'content'>,
  stored: Readonly<Record<string, unknown>>,
  options: Options | undefined,
  kinds: ReceiverKinds,
): Receiver {
  const driver = parseDriver(kinds.drivers, stored['driver']);
  const format = options?.format ?? 'auto';
  return {
    id: common.id,
    projectId: common.projectId,
    name: common.name,
    created: common.created,
    driver: driver.id,
    config: parseDriverConfig(driver, stored['config']),
    state: options?.state ?? 'active',
    format,
    formatSettings: parseFormatSettings(kinds.formats, format, options?.formatSettings),
    repeatAfterSeconds: parseRepeatAfterSeconds(options?.repeatAfterSeconds ?? defaultRepeatAfterSeconds),
  };
}

/** What `encode` writes besides the owner's settings. */
export interface Storing {
  readonly url: string;
  readonly state: Receiver['state'];
  /** The receiver's id, when the object that will hold it is not its first. */
  readonly id: string | undefined;
}

/**
 * `resourceData` for a receiver: `url`, `driver` and `config` as the old service keeps them, and ours beside them under one
 * name that it ignores. `before` is what lies there now; fields of it that we do not know stay.
 */
export function encode(
  settings: ReceiverSettings,
  storing: Storing,
  before: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const options: Options = {
    version: 1,
    ...(storing.id === undefined ? {} : { id: storing.id }),
    state: storing.state,
    format: settings.format,
    formatSettings: settings.formatSettings,
    repeatAfterSeconds: settings.repeatAfterSeconds,
  };
  return {
    ...before,
    url: storing.url,
    driver: settings.driver,
    config: settings.config,
    receiverHooks: options,
  };
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
  };
}

/** Rancher's ids count upwards (`1go138`): the order in which objects were made. */
export function ordinal(objectId: string): number {
  const digits = /(\d+)$/.exec(objectId)?.[1];
  return digits === undefined ? Number.MAX_SAFE_INTEGER : Number(digits);
}
