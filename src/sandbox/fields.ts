import { isMap } from './body.ts';
import type { Body } from './body.ts';
import { unprocessable } from './errors.ts';
import { asText } from './text.ts';

/** A field of a resource, in the words of Rancher's schemas (recordings a_schemas_service, a_schemas_genericobject). */
export interface Field {
  /** `string`, `int`, `boolean`, `map[json]`, `map[string]`, `array[…]`, `reference[…]`, `date`, `enum`, or a struct's name. */
  readonly type: string;
  readonly writable?: 'create' | 'update' | 'always';
  readonly isNullable?: true;
  readonly isRequired?: true;
  readonly default?: unknown;
  readonly min?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Characters as in a regular expression's class. */
  readonly validChars?: string;
}

export type Fields = Readonly<Record<string, Field>>;
export type Occasion = 'create' | 'update';

/** Fields that every resource shows. */
export const ownFields: Fields = {
  accountId: { type: 'reference[account]', isNullable: true },
  created: { type: 'date', isNullable: true },
  description: { type: 'string', writable: 'always', isNullable: true, maxLength: 1024 },
  kind: { type: 'string', isNullable: true, maxLength: 255 },
  removed: { type: 'date', isNullable: true },
  state: { type: 'enum' },
  transitioning: { type: 'enum' },
  transitioningMessage: { type: 'string', isNullable: true },
  transitioningProgress: { type: 'int', isNullable: true },
  uuid: { type: 'string', isNullable: true, maxLength: 128 },
};

/** Whether Rancher takes this field on that occasion; what it does not take it drops without a word. */
export function isWritable(field: Field, occasion: Occasion): boolean {
  return field.writable === 'always' || field.writable === occasion;
}

/**
 * What Rancher takes from a body: known, writable fields, brought to their types.
 * @throws ApiError 422 NotNullable, InvalidFormat, MinLimitExceeded, MaxLengthExceeded, MissingRequired, … with the field's name
 */
export function accept(fields: Fields, body: Body, occasion: Occasion): Record<string, unknown> {
  const accepted: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!isWritable(field, occasion)) continue;
    const given = body[name];
    if (given !== undefined && given !== null) {
      accepted[name] = coerce(name, field, given);
    } else if (occasion === 'create') {
      if (field.isRequired === true) throw unprocessable('MissingRequired', name);
      if (field.default !== undefined) accepted[name] = field.default;
    } else if (given === null) {
      if (field.isNullable === true) accepted[name] = null;
      // A null for a number means "unchanged" (recording b_scale_null), for a map it is refused (d_update_resourcedata_null).
      else if (field.type.startsWith('map[')) throw unprocessable('NotNullable', name);
    }
  }
  return accepted;
}

function coerce(name: string, field: Field, given: unknown): unknown {
  if (field.type === 'int') return toInteger(name, field, given);
  if (field.type === 'boolean') return isTrue(given);
  if (field.type === 'string' || field.type.startsWith('reference[')) return toText(name, field, given);
  if (field.type.startsWith('array[')) return Array.isArray(given) ? given : [given];
  if (!isMap(given)) throw unprocessable('InvalidFormat', name);
  if (field.type === 'map[string]') {
    return Object.fromEntries(
      Object.entries(given).map(([key, value]) => [key, value === null ? null : asText(value)]),
    );
  }
  return field.type.startsWith('map[') ? given : { type: field.type, ...given };
}

/** `"yes"` is true and `"nope"` is not (recordings f_host_create_string_for_bool, e_event_deletehost_string). */
function isTrue(given: unknown): boolean {
  if (typeof given === 'string') return /^(?:true|yes|y|on|1)$/i.test(given);
  return typeof given === 'number' ? given !== 0 : given === true;
}

/** `"3"` is 3, `2.7` is 2, `true` is 1, `[1]` is 1 (recordings b_scale_string_number, _float, _bool, _array). */
function toInteger(name: string, field: Field, given: unknown): number {
  const plain: unknown = Array.isArray(given) ? given[0] : given;
  const number =
    typeof plain === 'string' && /^-?\d+$/.test(plain.trim())
      ? Number(plain)
      : typeof plain === 'boolean' || typeof plain === 'number'
        ? Math.trunc(Number(plain))
        : Number.NaN;
  if (!Number.isFinite(number)) throw unprocessable('InvalidFormat', name);
  if (field.min !== undefined && number < field.min) throw unprocessable('MinLimitExceeded', name);
  return number;
}

function toText(name: string, field: Field, given: unknown): string {
  if (typeof given === 'object') throw unprocessable('InvalidFormat', name);
  const text = asText(given);
  if (field.minLength !== undefined && text.length < field.minLength) throw unprocessable('MinLengthExceeded', name);
  if (field.maxLength !== undefined && text.length > field.maxLength) throw unprocessable('MaxLengthExceeded', name);
  if (field.validChars !== undefined && !new RegExp(`^[${field.validChars}]*$`).test(text)) {
    throw unprocessable('InvalidCharacters', name);
  }
  return text;
}
