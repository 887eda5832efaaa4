import * as z from 'zod';
import { isTag } from '../domain/image-reference.ts';
import type { Signal } from '../domain/signal.ts';
import type { Format } from './format.ts';
import { readJson, type ParsedTrigger } from './parsed-trigger.ts';
import { pushSignal, readImage } from './push/push-body.ts';
import { behindPrefix, RegistryPrefix } from './push/registry-prefix.ts';

const Settings = z.strictObject({ registry: RegistryPrefix.optional() });

// goharbor.io, configure-webhooks: the payload's two forms share this part.
const Pushed = z.object({
  resources: z
    .array(z.object({ digest: z.string().optional(), tag: z.string().optional(), resource_url: z.string().optional() }))
    .min(1),
  repository: z.object({ repo_full_name: z.string().min(1) }),
});
const time = z.union([z.number(), z.string().max(100)], { error: 'a time is needed' }).optional();
const Default = z.object({ type: z.string(), occur_at: time, event_data: z.unknown() });
const CloudEvent = z.object({
  type: z.string(),
  id: z.string().max(200).optional(),
  specversion: z.string(),
  data: z.unknown(),
});

// pushImage is Harbor 1.x.
const pushes = new Set(['PUSH_ARTIFACT', 'pushImage', 'harbor.artifact.pushed']);

/** Harbor, both payload formats of a webhook policy: Default and CloudEvents. */
export const harbor: Format<z.infer<typeof Settings>> = {
  id: 'harbor',
  body: 'json',
  Settings,
  recognises({ json }) {
    const event = CloudEvent.safeParse(json);
    if (event.success) return event.data.type.startsWith('harbor.');
    const parsed = Default.safeParse(json);
    return parsed.success && Harbors.safeParse(parsed.data.event_data).success;
  },
  read(trigger, settings) {
    const isCloudEvent = CloudEvent.safeParse(trigger.json).success;
    const { type } = isCloudEvent ? readJson(CloudEvent, trigger) : readJson(Default, trigger);
    if (!pushes.has(type)) return { says: 'ignore', reason: 'the registry tells of something else than a push' };
    return isCloudEvent ? readCloudEvent(trigger, settings) : readDefault(trigger, settings);
  },
};

// Quota and replication events have no resources; `operator` and `occur_at` alone could be anybody's.
const Harbors = z.object({ repository: z.object({ repo_full_name: z.string() }) });

type Settings = z.infer<typeof Settings>;

function readDefault(trigger: ParsedTrigger, settings: Settings): Signal {
  const { occur_at: occurredAt, event_data: pushed } = readJson(Default.extend({ event_data: Pushed }), trigger);
  return signalOf(pushed, occurredAt, settings);
}

function readCloudEvent(trigger: ParsedTrigger, settings: Settings): Signal {
  const { id, data: pushed } = readJson(CloudEvent.extend({ data: Pushed }), trigger);
  return signalOf(pushed, id, settings);
}

function signalOf({ resources, repository }: z.infer<typeof Pushed>, event: unknown, { registry }: Settings): Signal {
  // A push by digest has the digest for a tag, too.
  const tagged = resources.findLast(({ tag }) => isTag(tag ?? ''));
  if (tagged === undefined) return { says: 'ignore', reason: 'no pushed artifact has a tag' };
  const { tag = '', digest, resource_url: url = '' } = tagged;
  const name = repository.repo_full_name;
  const [pulledFrom = ''] = url.split(`/${name}`);
  const host = url.includes(`/${name}`) && pulledFrom !== '' ? { registry: pulledFrom } : {};
  const place = registry === undefined ? { ...host, repository: name } : behindPrefix(registry, name);
  return pushSignal(readImage({ ...place, tag, digest }, 'repository.repo_full_name'), [digest, event]);
}
