import * as z from 'zod';
import { isRegistry, isRepository } from '../../domain/image-reference.ts';

/**
 * Where hosts pull an image from when the sender does not know it, or knows another address: a host with or without a port, and what
 * stands before every repository there (`registry.example.com`, `acme.jfrog.io/docker-local`).
 */
export const RegistryPrefix = z.string({ error: 'a registry is needed, such as registry.example.com:5000' }).refine(
  (text) => {
    const [host = '', ...path] = text.split('/');
    return isRegistry(host) && (path.length === 0 || isRepository(path.join('/')));
  },
  {
    error: (issue) =>
      `Invalid registry ${JSON.stringify(issue.input)}; write host[:port][/path], as registry.example.com:5000`,
  },
);

/** A repository behind a prefix, as registry and path. */
export function behindPrefix(
  prefix: string,
  repository: string,
): { readonly registry: string; readonly repository: string } {
  const [registry = '', ...path] = prefix.split('/');
  return { registry, repository: [...path, repository].join('/') };
}
