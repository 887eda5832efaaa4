import { ServiceError } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import { parseCallback } from '../receivers/callback.ts';
import { parseAllowedSources, parseRateLimit, parseSignature } from '../receivers/demands.ts';
import {
  defaultRepeatAfterSeconds,
  isPlainObject,
  parseDriver,
  parseDriverConfig,
  parseFormatSettings,
  parseName,
  parseRepeatAfterSeconds,
} from '../receivers/receiver-settings.ts';
import type { ReceiverKinds, ReceiverSettings } from '../receivers/receiver-settings.ts';
import { driverIdsOf } from './schemas.ts';

type Body = Readonly<Record<string, unknown>>;

/** What Rancher's UI sends back when it clones or saves a receiver it has read: accepted, and without any effect. */
const ignoredFields = new Set([
  'id',
  'type',
  'baseType',
  'url',
  'state',
  'actions',
  'links',
  'uuid',
  'created',
  'createdTS',
  'transitioning',
  'transitioningMessage',
  'transitioningProgress',
  'provenance',
  'installationDefaults',
]);
const ownFields = new Set([
  'name',
  'driver',
  'format',
  'formatSettings',
  'repeatAfterSeconds',
  'signature',
  'allowedSources',
  'rateLimit',
  'callback',
]);

/**
 * The settings of a new receiver from the body of a create.
 * @throws ServiceError SETTINGS_INVALID with the field, in the order and words of the old service where it had some.
 */
export function parseNewReceiver(body: Body, kinds: ReceiverKinds): ReceiverSettings {
  const name = parseName(body['name']);
  const driver = parseDriver(kinds.drivers, body['driver']);
  refuseForeignFields(body, driver, kinds.drivers);
  const format = body['format'] ?? 'auto';
  return {
    name,
    driver: driver.id,
    config: parseDriverConfig(driver, body[`${driver.id}Config`]),
    format: format as string,
    formatSettings: parseFormatSettings(kinds.formats, format, body['formatSettings']),
    repeatAfterSeconds: parseRepeatAfterSeconds(body['repeatAfterSeconds'] ?? defaultRepeatAfterSeconds),
    ...parseDemands(body, {}),
  };
}

type Demands = Pick<ReceiverSettings, 'signature' | 'allowedSources' | 'rateLimit' | 'callback'>;

/** What the body does not name stays, null takes away. */
function parseDemands(body: Body, current: Demands): Demands {
  const signature = 'signature' in body ? parseSignature(body['signature'], current.signature) : current.signature;
  const allowedSources =
    'allowedSources' in body ? parseAllowedSources(body['allowedSources']) : current.allowedSources;
  const rateLimit = 'rateLimit' in body ? parseRateLimit(body['rateLimit']) : current.rateLimit;
  const callback = 'callback' in body ? parseCallback(body['callback'], current.callback) : current.callback;
  return {
    ...(signature === undefined ? {} : { signature }),
    ...(allowedSources === undefined ? {} : { allowedSources }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(callback === undefined ? {} : { callback }),
  };
}

/**
 * The settings of a receiver after an edit: what the body does not name stays, a config that it names replaces the old one.
 * @throws ServiceError SETTINGS_INVALID as `parseNewReceiver`; the driver cannot be changed.
 */
export function parseEditedReceiver(body: Body, current: ReceiverSettings, kinds: ReceiverKinds): ReceiverSettings {
  const driver = parseDriver(kinds.drivers, body['driver'] ?? current.driver);
  if (driver.id !== current.driver) {
    throw invalid(`the driver cannot be changed from ${current.driver} to ${driver.id}; make a new receiver`, 'driver');
  }
  const edit = (field: string, now: unknown): unknown => (field in body ? body[field] : now);
  const format = edit('format', current.format) ?? 'auto';
  const settings = format === current.format ? edit('formatSettings', current.formatSettings) : body['formatSettings'];
  const { signature: _signature, allowedSources: _sources, rateLimit: _rate, callback: _callback, ...rest } = body;
  const edited = parseNewReceiver(
    {
      ...rest,
      name: edit('name', current.name),
      driver: driver.id,
      [`${driver.id}Config`]: edit(`${driver.id}Config`, current.config),
      format,
      formatSettings: settings,
      repeatAfterSeconds: edit('repeatAfterSeconds', current.repeatAfterSeconds),
    },
    kinds,
  );
  return { ...edited, ...parseDemands(body, current) };
}

function refuseForeignFields(body: Body, driver: AnyDriver, drivers: readonly AnyDriver[]): void {
  if ((body['type'] ?? 'receiver') !== 'receiver') {
    throw invalid(`Invalid type ${shown(body['type'])}; use receiver or leave it out`, 'type');
  }
  const configs = new Set(driverIdsOf(drivers).map((id) => `${id}Config`));
  for (const [field, value] of Object.entries(body)) {
    if (ignoredFields.has(field) || ownFields.has(field) || field === `${driver.id}Config`) continue;
    const named = field.slice(0, 100);
    if (!configs.has(field)) throw invalid(`unknown field ${named}; remove it or correct its spelling`, named);
    if (value !== null && !(isPlainObject(value) && Object.keys(value).length === 0)) {
      throw invalid(`${named} does not belong to the driver ${driver.id}; leave it out or set it to null`, named);
    }
  }
}

function invalid(message: string, fieldName: string): ServiceError {
  return new ServiceError('SETTINGS_INVALID', message, { fieldName });
}
