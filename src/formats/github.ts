import * as z from 'zod';
import type { Format } from './format.ts';
import { readJson, type ParsedTrigger } from './parsed-trigger.ts';
import { pushSignal, readImage, readTag } from './push/push-body.ts';

const Settings = z.strictObject({});

// docs.github.com, webhook events `package` and `registry_package`: the package, once under each name.
const Package = z.object({
  name: z.string().min(1),
  package_type: z.string(),
  owner: z.object({ login: z.string().min(1) }),
  package_version: z.object({
    id: z.number().optional(),
    container_metadata: z
      .object({ tag: z.object({ name: z.string(), digest: z.string().optional() }).nullish() })
      .nullish(),
  }),
});
const Action = z.object({ action: z.string() });
const Published = z.union([z.object({ package: Package }), z.object({ registry_package: Package })]);

const packageEvents = new Set(['package', 'registry_package']);

/** GitHub's webhooks `package` and `registry_package`: a container image published to ghcr.io. Everything else GitHub tells is ignored. */
export const github: Format<z.infer<typeof Settings>> = {
  id: 'github',
  body: 'json',
  Settings,
  recognises({ json, headers }) {
    const event = headers['x-github-event'];
    if (event === 'ping') return typeof json === 'object' && json !== null && Object.hasOwn(json, 'hook_id');
    return (event === undefined || packageEvents.has(event)) && Published.safeParse(json).success;
  },
  read(trigger) {
    const event = trigger.headers['x-github-event'];
    if (event !== undefined && !packageEvents.has(event)) {
      return { says: 'ignore', reason: 'GitHub tells of something else than a package' };
    }
    const { action } = readJson(Action, trigger);
    if (action !== 'published') return { says: 'ignore', reason: 'no package was published' };
    const published = readPackage(trigger);
    if (published.package_type.toLowerCase() !== 'container') {
      return { says: 'ignore', reason: 'the published package is no container image' };
    }
    const { name: tag = '', digest } = published.package_version.container_metadata?.tag ?? {};
    // A multi-platform push publishes every platform's manifest as a version without a tag, too.
    if (tag === '') return { says: 'ignore', reason: 'the published image has no tag' };
    const repository = `${published.owner.login}/${published.name}`.toLowerCase();
    const image = readImage({ registry: 'ghcr.io', repository, tag: readTag(tag, 'tag.name'), digest }, 'package.name');
    return pushSignal(image, [digest, published.package_version.id]);
  },
};

function readPackage(trigger: ParsedTrigger): z.infer<typeof Package> {
  const isRegistered = Object.hasOwn(trigger.json as object, 'registry_package');
  if (isRegistered) return readJson(z.object({ registry_package: Package }), trigger).registry_package;
  return readJson(z.object({ package: Package }), trigger).package;
}
