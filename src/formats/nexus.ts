import * as z from 'zod';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';
import { pushSignal, readImage, readTag } from './push/push-body.ts';
import { behindPrefix, RegistryPrefix } from './push/registry-prefix.ts';

const actions = ['CREATED', 'UPDATED'] as const;

const Settings = z.strictObject({
  registry: RegistryPrefix.optional(),
  actions: z
    .array(z.enum(actions), {
      error: (issue) => `Invalid actions ${JSON.stringify(issue.input)}; use ${actions.join(', ')}`,
    })
    .min(1)
    .default(['CREATED']),
});

// help.sonatype.com, webhooks, example headers and payloads: what every repository event has, and a component's.
const Event = z.object({ nodeId: z.string(), initiator: z.string(), repositoryName: z.string(), action: z.string() });
const Component = Event.extend({
  timestamp: z.string().max(100),
  component: z.object({
    id: z.string().max(500).optional(),
    format: z.string(),
    name: z.string().min(1),
    version: z.string().nullish(),
  }),
});

/** Sonatype Nexus Repository's component webhook of a docker repository. It does not know under which host images are pulled. */
export const nexus: Format<z.infer<typeof Settings>> = {
  id: 'nexus',
  body: 'json',
  Settings,
  recognises: ({ json }) => Event.safeParse(json).success,
  read(trigger, settings) {
    readJson(Event, trigger);
    if (!Object.hasOwn(trigger.json as object, 'component')) {
      return { says: 'ignore', reason: 'the repository tells of something else than a component' };
    }
    const { action, component, timestamp } = readJson(Component, trigger);
    if (component.format !== 'docker') return { says: 'ignore', reason: 'the component is no container image' };
    if (!settings.actions.some((wanted) => wanted === action)) {
      return { says: 'ignore', reason: 'something else happened to the image than the receiver waits for' };
    }
    const { version } = component;
    if (version === undefined || version === null || version === '') {
      return { says: 'ignore', reason: 'the image has no tag' };
    }
    const tag = readTag(version, 'component.version');
    const place =
      settings.registry === undefined
        ? { repository: component.name }
        : behindPrefix(settings.registry, component.name);
    return pushSignal(readImage({ ...place, tag }, 'component.name'), [component.id, action, timestamp]);
  },
};
