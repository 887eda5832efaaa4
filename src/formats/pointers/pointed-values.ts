import * as z from 'zod';
import { ServiceError } from '../../domain/errors.ts';
import { isTag, parseImageUuid } from '../../domain/image-reference.ts';
import type { PushedImage, Signal } from '../../domain/signal.ts';
import { readImage } from '../push/push-body.ts';
import { JsonPointer, valueAt } from './json-pointer.ts';

const Scalar = z.union([z.string().max(500), z.number(), z.boolean()], {
  error: 'a text, a number, true or false is needed',
});

const Condition = z
  .strictObject({ at: JsonPointer, equals: Scalar.optional(), oneOf: z.array(Scalar).min(1).max(100).optional() })
  .refine(({ equals, oneOf }) => (equals === undefined) !== (oneOf === undefined), {
    error: 'a condition needs either equals or oneOf beside at',
  });

/** Settings of formats whose owner says himself where a value stands. */
export const pointerSettings = {
  amount: JsonPointer.optional(),
  image: z
    .union(
      [JsonPointer, z.strictObject({ registry: JsonPointer.optional(), repository: JsonPointer, tag: JsonPointer })],
      {
        error: 'a JSON pointer to a whole reference is needed, or {"repository": …, "tag": …} with one for each',
      },
    )
    .optional(),
  dedupeKey: JsonPointer.optional(),
  condition: Condition.optional(),
};

const Pointers = z.strictObject(pointerSettings);
type Pointers = z.infer<typeof Pointers>;

/**
 * The signal of a body whose owner pointed at what counts. Without a dedupe key of the owner's, `dedupeKey` is the sender's own.
 * @throws ServiceError PAYLOAD_MALFORMED naming the pointer at which nothing usable stands.
 */
export function readPointed(
  document: unknown,
  { amount, image, dedupeKey, condition }: Pointers,
  told: { readonly reason: string; readonly dedupeKey?: string },
): Signal {
  if (condition !== undefined && !holds(condition, document)) {
    return { says: 'ignore', reason: `what stands at ${condition.at} is not what the receiver waits for` };
  }
  const key = dedupeKey === undefined ? told.dedupeKey : readText(document, dedupeKey);
  return {
    says: 'fire',
    reason: told.reason,
    ...(key === undefined ? {} : { dedupeKey: key }),
    ...(amount === undefined ? {} : { amount: readAmount(document, amount) }),
    ...(image === undefined ? {} : { image: readPointedImage(document, image) }),
  };
}

// A caller must not be able to ask for more than any receiver could be made for.
const mostAmount = 100_000;

/**
 * A whole number of at least 1, as a number or as text (labels and forms know nothing else).
 * @throws ServiceError PAYLOAD_MALFORMED
 */
export function readAmount(document: unknown, pointer: string): number {
  const value = valueAt(document, pointer);
  const amount = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
  if (typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 1 && amount <= mostAmount) return amount;
  throw malformed(pointer, `a whole number from 1 to ${String(mostAmount)} is needed`, value);
}

function readPointedImage(document: unknown, pointers: NonNullable<Pointers['image']>): PushedImage {
  if (typeof pointers === 'string') {
    const reference = parseImageUuid(readText(document, pointers));
    const { tag } = reference ?? {};
    if (reference === undefined || tag === undefined || !isTag(tag)) {
      throw malformed(pointers, 'an image with its tag is needed, such as registry.example.com/acme/web:v2');
    }
    return readImage({ ...reference, tag }, pointers);
  }
  const tag = readText(document, pointers.tag);
  if (!isTag(tag)) throw malformed(pointers.tag, 'the tag of an image is needed');
  const registry = pointers.registry === undefined ? {} : { registry: readText(document, pointers.registry) };
  return readImage({ ...registry, repository: readText(document, pointers.repository), tag }, pointers.repository);
}

function holds({ at, equals, oneOf }: NonNullable<Pointers['condition']>, document: unknown): boolean {
  const found = Scalar.safeParse(valueAt(document, at));
  // As text: a form knows no numbers, and a caller's script often sends "5" for 5.
  return found.success && (oneOf ?? [equals]).some((wanted) => String(wanted) === String(found.data));
}

function readText(document: unknown, pointer: string): string {
  const value = valueAt(document, pointer);
  if (typeof value === 'number' || (typeof value === 'string' && value !== '' && value.length <= 1000)) {
    return String(value);
  }
  throw malformed(pointer, 'a text of 1 to 1000 characters is needed', value);
}

function malformed(pointer: string, needed: string, value?: unknown): ServiceError {
  const found = value === undefined ? 'nothing usable' : nameOf(value);
  return new ServiceError('PAYLOAD_MALFORMED', `${found} stands at ${pointer}; ${needed}`, { fieldName: pointer });
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
