import * as z from 'zod';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';
import { pushSignal, readImage, readTag } from './push/push-body.ts';
import { behindPrefix, RegistryPrefix } from './push/registry-prefix.ts';

const Settings = z.strictObject({ registry: RegistryPrefix.optional() });

// docs.jfrog.com, webhooks, event types: the frame of every event, and what a docker event has in it.
const Event = z.object({
  domain: z.string(),
  event_type: z.string(),
  subscription_key: z.string(),
  jpd_origin: z.string().max(2000).optional(),
  data: z.unknown(),
});
const Docker = Event.extend({
  data: z.object({
    repo_key: z.string().min(1),
    image_name: z.string().min(1),
    tag: z.string().min(1),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .catch(undefined),
  }),
});

/** JFrog Artifactory's webhook for docker tags. Without a `registry` of its own, images are pulled as `<host>/<repository key>/<image>`. */
export const jfrog: Format<z.infer<typeof Settings>> = {
  id: 'jfrog',
  body: 'json',
  Settings,
  recognises: ({ json }) => Event.safeParse(json).success,
  read(trigger, { registry }) {
    const { domain, event_type: type } = readJson(Event, trigger);
    if (domain !== 'docker' || type !== 'pushed') {
      return { says: 'ignore', reason: 'the registry tells of something else than a pushed image' };
    }
    const { data, jpd_origin: origin = '' } = readJson(Docker, trigger);
    const digest = data.sha256 === undefined ? undefined : `sha256:${data.sha256}`;
    const inKey = { ...hostOf(origin), repository: `${data.repo_key}/${data.image_name}` };
    const place = registry === undefined ? inKey : behindPrefix(registry, data.image_name);
    const image = readImage({ ...place, tag: readTag(data.tag, 'data.tag'), digest }, 'data.image_name');
    return pushSignal(image, [digest]);
  },
};

function hostOf(origin: string): { readonly registry?: string } {
  const host = URL.parse(origin)?.host ?? '';
  return host === '' ? {} : { registry: host };
}
