import * as z from 'zod';
import { isTag, partRegistry } from '../domain/image-reference.ts';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';
import { pushSignal, readImage } from './push/push-body.ts';

const Settings = z.strictObject({
  tag: z.string().refine(isTag, { error: 'tag is the tag to wait for, such as latest' }).optional(),
});

// docs.redhat.com, Red Hat Quay, repository notifications.
const Notification = z.object({ repository: z.string().min(1), docker_url: z.string().min(1), homepage: z.string() });
const Push = Notification.extend({
  updated_tags: z
    .array(z.string().refine(isTag, { error: 'a tag is needed' }), { error: 'a list of tags is needed' })
    .max(1000),
});

/** Quay's repository notification of a push. It names no digest and no event: a push told twice cannot be told from two. */
export const quay: Format<z.infer<typeof Settings>> = {
  id: 'quay',
  body: 'json',
  Settings,
  recognises: ({ json }) => Notification.safeParse(json).success,
  read(trigger, { tag: wanted }) {
    const notification = readJson(Notification, trigger);
    if (!Object.hasOwn(trigger.json as object, 'updated_tags')) {
      return { says: 'ignore', reason: 'the registry tells of something else than a push' };
    }
    const { updated_tags: tags } = readJson(Push, trigger);
    const tag = wanted === undefined ? tags.at(-1) : tags.find((updated) => updated === wanted);
    if (tag === undefined) return { says: 'ignore', reason: 'no pushed tag is one the receiver waits for' };
    return pushSignal(readImage({ ...partRegistry(notification.docker_url), tag }, 'docker_url'), []);
  },
};
