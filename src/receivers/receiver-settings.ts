import * as z from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import type { AnyFormat } from '../formats/format.ts';
import type { AllowedSources } from './allowed-sources.ts';
import type { CallbackSettings } from './callback.ts';
import type { RateLimit, SignatureSettings } from './demands.ts';
import { tellingIssue } from './telling-issue.ts';

/** Everything about a receiver that its owner chooses. */
export interface ReceiverSettings {
  readonly name: string;
  readonly driver: string;
  /** What the driver's `Config` parsed; its `type` is the driver's id, because Rancher's UI page relies on it. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly format: string;
  readonly formatSettings: Readonly<Record<string, unknown>>;
  readonly repeatAfterSeconds: number;
  readonly signature?: SignatureSettings;
  readonly allowedSources?: AllowedSources;
  readonly rateLimit?: RateLimit;
  readonly callback?: CallbackSettings;
}

/** The drivers and formats that receivers may name. */
export interface ReceiverKinds {
  readonly drivers: readonly AnyDriver[];
  readonly formats: readonly AnyFormat[];
}

/** The same event counts once for this long, unless the receiver says otherwise. */
export const defaultRepeatAfterSeconds = 600;
export const mostRepeatAfterSeconds = 604_800;
/** Rancher refuses longer names with 422 MaxLengthExceeded (recording d_create_name_256). */
export const longestName = 255;

const PlainObject = z.record(z.string(), z.unknown());

/**
 * A driver's part of a receiver, checked by the driver.
 * @throws ServiceError SETTINGS_INVALID with the first thing wrong, old service's words first; REQUEST field as the API spells it.
 */
export function parseDriverConfig(driver: AnyDriver, config: unknown): Readonly<Record<string, unknown>> {
  const prefix = `${driver.id}Config`;
  if (config !== undefined && config !== null && !isPlainObject(config)) {
    throw invalid(`${prefix} must be an object, not ${shown(config)}`, prefix);
  }
  const parsed = driver.Config.safeParse(config ?? {});
  if (!parsed.success) throw fromIssues(parsed.error, prefix);
  return { ...PlainObject.parse(parsed.data), type: driver.id };
}

/**
 * A receiver's format and its settings.
 * @throws ServiceError SETTINGS_INVALID for an unknown format or settings that the format does not take.
 */
export function parseFormatSettings(
  formats: readonly AnyFormat[],
  formatId: unknown,
  settings: unknown,
): Readonly<Record<string, unknown>> {
  const names = ['auto', ...formats.map(({ id }) => id)];
  const format = formats.find(({ id }) => id === formatId);
  if (format === undefined && formatId !== 'auto') {
    throw invalid(`Invalid format ${shown(formatId)}; use one of ${names.join(', ')}`, 'format');
  }
  if (settings !== undefined && settings !== null && !isPlainObject(settings)) {
    throw invalid(`formatSettings must be an object, not ${shown(settings)}`, 'formatSettings');
  }
  if (format === undefined) {
    const [first] = Object.keys(settings ?? {});
    if (first === undefined) return {};
    throw invalid('formatSettings need a format; auto takes none', `formatSettings.${first}`);
  }
  const parsed = format.Settings.safeParse(settings ?? {});
  if (!parsed.success) throw fromIssues(parsed.error, 'formatSettings');
  return PlainObject.parse(parsed.data);
}

/** @throws ServiceError SETTINGS_INVALID naming value and bounds. */
export function parseRepeatAfterSeconds(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= mostRepeatAfterSeconds) {
    return value;
  }
  throw invalid(
    `Invalid repeatAfterSeconds ${shown(value)}; whole seconds from 0 to ${String(mostRepeatAfterSeconds)}`,
    'repeatAfterSeconds',
  );
}

/** @throws ServiceError SETTINGS_INVALID; the old service's words for a missing name. */
export function parseName(value: unknown): string {
  if (value === undefined || value === null || value === '') throw invalid('Name not provided', 'name');
  if (typeof value !== 'string') throw invalid(`Invalid name ${shown(value)}; a text is needed`, 'name');
  // Rancher's name filter could not find a blank or control-character name again, and uniqueness rests on that filter.
  if (value.trim() !== value || /\p{Cc}/u.test(value)) {
    throw invalid(`Invalid name ${shown(value)}; no blanks at its ends and no control characters`, 'name');
  }
  if (value.length > longestName) {
    throw invalid(
      `Invalid name of ${String(value.length)} characters; at most ${String(longestName)} are possible`,
      'name',
    );
  }
  return value;
}

/** @throws ServiceError SETTINGS_INVALID; the old service's words for a missing or unknown driver. */
export function parseDriver(drivers: readonly AnyDriver[], value: unknown): AnyDriver {
  if (value === undefined || value === null || value === '') throw invalid('Driver not provided', 'driver');
  const driver = drivers.find(({ id }) => id === value);
  if (driver !== undefined) return driver;
  const named = typeof value === 'string' ? value.slice(0, 100) : shown(value);
  throw invalid(`Invalid driver ${named}; use one of ${drivers.map(({ id }) => id).join(', ')}`, 'driver');
}

/** Whether a value is a JSON object (no array, not null). */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromIssues(error: z.ZodError, prefix: string): ServiceError {
  const issue = tellingIssue(error);
  if (issue === undefined) return invalid('the settings are not valid', prefix);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const path = [prefix, ...issue.path, key].join('.');
    return invalid(`unknown field ${path}; remove it or correct its spelling`, path);
  }
  return invalid(issue.message, [prefix, ...issue.path].join('.'));
}

function invalid(message: string, fieldName: string): ServiceError {
  return new ServiceError('SETTINGS_INVALID', message, { fieldName });
}
