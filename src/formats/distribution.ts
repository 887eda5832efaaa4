import * as z from 'zod';
import { isTag } from '../domain/image-reference.ts';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';
import { pushSignal, readImage } from './push/push-body.ts';
import { behindPrefix, RegistryPrefix } from './push/registry-prefix.ts';

const Settings = z.strictObject({ registry: RegistryPrefix.optional() });

// distribution.github.io/distribution/about/notifications: only what is read.
const Event = z.object({
  id: z.string().min(1).max(200),
  action: z.string(),
  target: z.object({
    mediaType: z.string().optional(),
    repository: z.string().min(1),
    tag: z.string().optional(),
    digest: z.string().optional(),
  }),
  request: z.object({ host: z.string().optional() }).optional(),
});
const Envelope = z.object({ events: z.array(Event).min(1) });

const mediaType = /^application\/vnd\.docker\.distribution\.events\.v[12]\+json$/;
// One push also tells of its blobs, whose media types name neither.
const manifest = /manifest|image\.index/;

/**
 * Docker's registry (distribution 2.x and 3.x) and GitLab's own. Events without a tag (blobs, pushes by digest), pulls and deletions
 * are ignored; of several tagged manifests in one call the last counts.
 */
export const distribution: Format<z.infer<typeof Settings>> = {
  id: 'distribution',
  body: 'json',
  Settings,
  recognises({ json, contentType }) {
    return Envelope.safeParse(json).success && (mediaType.test(contentType) || isFromRegistry(json));
  },
  read(trigger, { registry }) {
    const { events } = readJson(Envelope, trigger);
    const pushed = events.findLast(
      ({ action, target }) =>
        action === 'push' &&
        isTag(target.tag ?? '') &&
        (target.mediaType === undefined || manifest.test(target.mediaType)),
    );
    if (pushed === undefined) return { says: 'ignore', reason: 'no event is the push of a tagged image' };
    const { id, target, request } = pushed;
    const { repository, tag = '', digest } = target;
    const host = request?.host === undefined || request.host === '' ? {} : { registry: request.host };
    const place = registry === undefined ? { ...host, repository } : behindPrefix(registry, repository);
    return pushSignal(readImage({ ...place, tag, digest }, 'events.target.repository'), [digest, id]);
  },
};

// A proxy in between may have replaced the media type by application/json.
const FromRegistry = z.object({
  events: z.array(z.object({ target: z.object({ url: z.string() }), timestamp: z.string() })),
});

function isFromRegistry(json: unknown): boolean {
  return FromRegistry.safeParse(json).success;
}
