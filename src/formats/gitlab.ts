import * as z from 'zod';
import type { PushedImage } from '../domain/signal.ts';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';
import { readImage, readTag } from './push/push-body.ts';
import { behindPrefix, RegistryPrefix } from './push/registry-prefix.ts';

const Settings = z.strictObject({
  refs: z
    .array(z.string().min(1).max(500), { error: 'refs is a list of branches and tags, such as ["main"]' })
    .min(1)
    .max(100)
    .optional(),
  image: z
    .strictObject({
      registry: RegistryPrefix,
      name: z.string().min(1).max(200).optional(),
      tag: z.enum(['ref-slug', 'short-sha', 'sha'], { error: 'tag is ref-slug, short-sha or sha' }),
    })
    .optional(),
});

type Settings = z.infer<typeof Settings>;

// docs.gitlab.com/user/project/integrations/webhook_events, pipeline events: only what is read.
const Pipeline = z.object({
  object_kind: z.literal('pipeline', { error: 'a pipeline event is needed' }),
  object_attributes: z.object({
    id: z.number(),
    ref: z.string().min(1).max(500),
    sha: z.string().regex(/^[0-9a-f]{40,64}$/, { error: 'the id of a commit is needed' }),
    status: z.string(),
  }),
  project: z.object({ path_with_namespace: z.string().min(1).max(500) }),
});
const Kind = z.object({ object_kind: z.string() });

/**
 * GitLab's pipeline events: a pipeline that succeeded fires. GitLab.com tells nobody of pushes to its registry, so the image is put
 * together as `$CI_REGISTRY_IMAGE` and the tag that the pipeline gives it; a registry of one's own speaks `distribution`.
 */
export const gitlab: Format<Settings> = {
  id: 'gitlab',
  body: 'json',
  Settings,
  recognises: ({ json }) => Pipeline.safeParse(json).success,
  read(trigger, { refs, image }) {
    const { object_kind: kind } = readJson(Kind, trigger);
    if (kind !== 'pipeline') return { says: 'ignore', reason: 'GitLab tells of something else than a pipeline' };
    const { object_attributes: pipeline, project } = readJson(Pipeline, trigger);
    if (pipeline.status !== 'success') return { says: 'ignore', reason: 'the pipeline has not succeeded' };
    if (refs !== undefined && !refs.includes(pipeline.ref)) {
      return { says: 'ignore', reason: 'the pipeline ran for another branch or tag than the receiver waits for' };
    }
    return {
      says: 'fire',
      reason: `pipeline ${String(pipeline.id)} succeeded`,
      dedupeKey: JSON.stringify([project.path_with_namespace, pipeline.id, pipeline.status]),
      ...(image === undefined ? {} : { image: imageOf(image, pipeline, project.path_with_namespace) }),
    };
  },
};

function imageOf(
  { registry, name, tag }: NonNullable<Settings['image']>,
  { ref, sha }: { readonly ref: string; readonly sha: string },
  projectPath: string,
): PushedImage {
  const path = [projectPath, ...(name === undefined ? [] : [name])].join('/').toLowerCase();
  const tags = { 'ref-slug': slugOf(ref), 'short-sha': sha.slice(0, 8), sha };
  return readImage(
    { ...behindPrefix(registry, path), tag: readTag(tags[tag] || undefined, 'object_attributes.ref') },
    'project.path_with_namespace',
  );
}

/** As GitLab makes CI_COMMIT_REF_SLUG (docs.gitlab.com/ci/variables/predefined_variables). */
function slugOf(ref: string): string {
  return ref
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
}
