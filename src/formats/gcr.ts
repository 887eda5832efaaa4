import * as z from 'zod';
import { isTag, parseImageUuid } from '../domain/image-reference.ts';
import { ServiceError } from '../domain/errors.ts';
import type { Format } from './format.ts';
import { readJson, readShape } from './parsed-trigger.ts';
import { pushSignal, readImage } from './push/push-body.ts';

const Settings = z.strictObject({});

// cloud.google.com/pubsub/docs/push: how a push subscription wraps a message.
const Push = z.object({
  message: z.object({ data: z.string().min(1), messageId: z.string().max(200).optional() }),
  subscription: z.string(),
});
// cloud.google.com/artifact-registry/docs/configure-notifications: the message of the topic `gcr`.
const Change = z.object({ action: z.string(), digest: z.string().optional(), tag: z.string().optional() });

/** Google Artifact Registry and Container Registry through a Pub/Sub push subscription of the topic `gcr`. */
export const gcr: Format<z.infer<typeof Settings>> = {
  id: 'gcr',
  body: 'json',
  Settings,
  recognises({ json }) {
    const push = Push.safeParse(json);
    if (!push.success) return false;
    const change = Change.safeParse(decode(push.data.message.data));
    return change.success && (change.data.tag ?? change.data.digest)?.includes('/') === true;
  },
  read(trigger) {
    const { message } = readJson(Push, trigger);
    const { action, tag: pushed, digest } = readShape(Change, decode(message.data));
    if (action !== 'INSERT') return { says: 'ignore', reason: 'no image was pushed' };
    if (pushed === undefined || pushed === '') return { says: 'ignore', reason: 'the pushed image has no tag' };
    const reference = parseImageUuid(pushed);
    const { tag } = reference ?? {};
    if (reference === undefined || tag === undefined || !isTag(tag)) {
      throw new ServiceError(
        'PAYLOAD_MALFORMED',
        'message.data.tag is not a whole reference of an image with its tag',
        {
          fieldName: 'message.data.tag',
        },
      );
    }
    return pushSignal(readImage({ ...reference, tag, digest: digest?.split('@')[1] }, 'message.data.tag'), [
      message.messageId,
    ]);
  },
};

/** The JSON in a message; undefined when it is none. */
function decode(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
