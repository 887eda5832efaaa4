import type { PushedImage } from './signal.ts';

/** A container image as it is written in a launch config, taken apart. */
export interface ImageReference {
  /** Host and port; absent for Docker Hub. */
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

// Docker Hub goes by several names, and an image without any is its own.
const dockerHub = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);

// Each part begins with a letter or a digit, so none is `..`.
const repositoryShape = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const longestRepository = 255;
const registryShape = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})(?::\d{1,5})?$/;
const tagShape = /^\w[\w.-]{0,127}$/;

/** Whether `text` can be a tag; the rule is the old service's and Docker's own. */
export function isTag(text: string): boolean {
  return tagShape.test(text);
}

/** Whether `text` can be the path of an image within its registry: what a push says goes into a launch config. */
export function isRepository(text: string): boolean {
  return text.length <= longestRepository && repositoryShape.test(text);
}

/** Whether `text` can be a registry's host, with or without a port. */
export function isRegistry(text: string): boolean {
  return registryShape.test(text);
}

/** Parts the registry from a name as `docker pull` does: the first piece is a host if it has a dot or a port, or is `localhost`. */
export function partRegistry(name: string): { readonly registry?: string; readonly repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(0, slash));
  if (slash === -1 || !(/[.:]/.test(first) || first === 'localhost')) return { repository: name };
  const repository = name.slice(slash + 1);
  return dockerHub.has(first) ? { repository } : { registry: first, repository };
}

/**
 * Takes a launch config's `imageUuid` apart. Rancher writes `docker:` in front, its simulated agents `sim:`
 * (recording c_service_before_upgrade). Undefined for what is no image, as in a service without containers.
 */
export function parseImageUuid(imageUuid: unknown): ImageReference | undefined {
  if (typeof imageUuid !== 'string') return undefined;
  const whole = imageUuid.slice(prefixOf(imageUuid).length);
  if (whole === '' || whole === 'rancher/none') return undefined;
  const [named = '', digest] = whole.split('@');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const name = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  return {
    ...partRegistry(name),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Whether both are the same image whatever its tag. The registry may differ: a mirror or another address of the same one. */
export function isSameRepository(
  a: Pick<ImageReference, 'repository'>,
  b: Pick<ImageReference, 'repository'>,
): boolean {
  return comparable(a.repository) === comparable(b.repository);
}

/** The image as people write it. */
export function writeImage({
  registry,
  repository,
  tag,
}: Pick<PushedImage, 'registry' | 'repository' | 'tag'>): string {
  return `${registry === undefined ? '' : `${registry}/`}${repository}:${tag}`;
}

/** The same as an `imageUuid`, in the way the launch config it replaces was written. */
export function writeImageUuid(image: PushedImage, replaced: unknown): string {
  const prefix = typeof replaced === 'string' ? prefixOf(replaced) : '';
  return `${prefix === '' ? 'docker:' : prefix}${writeImage(image)}`;
}

function prefixOf(imageUuid: string): string {
  return /^(?:docker|sim):/.exec(imageUuid)?.[0] ?? '';
}

/** `nginx` and `library/nginx` are one image. */
function comparable(repository: string): string {
  return repository.toLowerCase().replace(/^library\//, '');
}
