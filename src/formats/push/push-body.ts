import { isRegistry, isRepository, isTag, writeImage } from '../../domain/image-reference.ts';
import { ServiceError } from '../../domain/errors.ts';
import { shown } from '../../domain/shown.ts';
import type { PushedImage, Signal } from '../../domain/signal.ts';
import type { ParsedTrigger } from '../parsed-trigger.ts';

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** `value` as an object; undefined for arrays, texts, numbers and null, on which the old service ended the connection. */
export function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** `value` as a text with something in it. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * The body of a push as an object, with the old service's words when it is none (its answers in the recording execute).
 * @throws ServiceError PAYLOAD_MALFORMED, PAYLOAD_INCOMPLETE
 */
export function readPushBody(trigger: ParsedTrigger): Fields {
  if (trigger.body.byteLength === 0) {
    throw new ServiceError('PAYLOAD_INCOMPLETE', 'No Payload recevied from webhook; send the JSON of the push');
  }
  if (trigger.json === undefined) {
    throw new ServiceError(
      'PAYLOAD_MALFORMED',
      `Error unmarshalling request body in Execute handler: the body of ${String(trigger.body.byteLength)} bytes is not JSON`,
    );
  }
  const fields = asFields(trigger.json);
  if (fields === undefined) {
    throw new ServiceError(
      'PAYLOAD_MALFORMED',
      'Body should be of type map[string]interface{}; send one JSON object for each push',
    );
  }
  return fields;
}

/**
 * `push_data` with its tag, and `repository`, which Docker Hub and Aliyun's registry share.
 * @throws ServiceError PAYLOAD_INCOMPLETE with the old service's words, naming the field
 */
export function readPushData(body: Fields): {
  readonly tag: string;
  readonly pushData: Fields;
  readonly repository: Fields;
} {
  const pushData = asFields(body['push_data']);
  if (pushData === undefined) {
    throw incomplete('Incomplete webhook response provided; push_data must be an object with a tag', 'push_data');
  }
  const tag = readTag(pushData['tag'], 'push_data.tag');
  const repository = asFields(body['repository']);
  if (repository === undefined) {
    throw incomplete(
      'Response provided without repository information; repository must be an object that names the image',
      'repository',
    );
  }
  return { tag, pushData, repository };
}

/** @throws ServiceError PAYLOAD_INCOMPLETE without a tag, PAYLOAD_MALFORMED when it cannot be one */
export function readTag(value: unknown, fieldName: string): string {
  const tag = asText(value);
  if (tag === undefined) throw incomplete(`Webhook response contains no tag; ${fieldName} must be a text`, fieldName);
  if (!isTag(tag)) throw malformed(`${fieldName} ${shown(tag)} cannot be the tag of an image`, fieldName);
  return tag;
}

/**
 * The image of a push. What gets through here is written into launch configs.
 * @throws ServiceError PAYLOAD_MALFORMED
 */
export function readImage(
  image: { readonly registry?: string; readonly repository: string; readonly tag: string; readonly digest?: unknown },
  fieldName: string,
): PushedImage {
  const { registry, repository, tag, digest } = image;
  if (!isRepository(repository) || (registry !== undefined && !isRegistry(registry))) {
    const name = registry === undefined ? repository : `${registry}/${repository}`;
    throw malformed(`${fieldName} ${shown(name)} cannot be the name of an image`, fieldName);
  }
  const isDigest = typeof digest === 'string' && /^[a-z0-9]+:[0-9a-f]{32,128}$/.test(digest);
  return { ...(registry === undefined ? {} : { registry }), repository, tag, ...(isDigest ? { digest } : {}) };
}

/** The signal of a push. `told` tells one push from the next; without any of it nothing can be told apart. */
export function pushSignal(image: PushedImage, told: readonly unknown[]): Signal {
  const known = told.filter((value) => (typeof value === 'string' && value !== '') || typeof value === 'number');
  return {
    says: 'fire',
    reason: `pushed ${writeImage(image)}`,
    image,
    ...(known.length === 0 ? {} : { dedupeKey: JSON.stringify([writeImage(image), ...known]) }),
  };
}

/** A required field that is not there. */
export function incomplete(message: string, fieldName: string): ServiceError {
  return new ServiceError('PAYLOAD_INCOMPLETE', message, { fieldName });
}

/** A field that holds what it cannot. */
export function malformed(message: string, fieldName: string): ServiceError {
  return new ServiceError('PAYLOAD_MALFORMED', message, { fieldName });
}
