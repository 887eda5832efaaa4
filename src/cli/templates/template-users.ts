import type { Rancher } from '../../rancher/rancher.ts';
import type { Resource } from '../../rancher/resources.ts';

/** Who still needs a template; empty: nobody. */
export interface TemplateUsers {
  readonly hosts: readonly string[];
  readonly receivers: readonly string[];
}

/** How Rancher calls what a receiver is stored in; the old service's receivers are the same kind. */
const receiverKind = 'webhookReceiver';
const gone: readonly (string | undefined)[] = ['removing', 'removed', 'purging', 'purged'];

/**
 * Finds who uses which template, from Rancher alone: receivers are looked up where they are stored, so that none is missed
 * while the service is down. @throws ServiceError
 */
export async function findTemplateUsers(rancher: Rancher): Promise<(templateId: string) => TemplateUsers> {
  const [hosts, objects] = await Promise.all([
    rancher.hosts.list(),
    rancher.genericObjects.list({ kind: receiverKind }),
  ]);
  const living = (resource: Resource): boolean => !gone.includes(resource.state);
  return (templateId) => ({
    hosts: hosts
      .filter((host) => living(host) && host.hostTemplateId === templateId)
      .map(({ id, hostname }) => hostname ?? id),
    receivers: objects
      .filter(
        (object) => living(object) && object.kind === receiverKind && templateOf(object.resourceData) === templateId,
      )
      .map(({ id, name }) => name ?? id),
  });
}

/** Whether anybody uses it. */
export function isUsed({ hosts, receivers }: TemplateUsers): boolean {
  return hosts.length > 0 || receivers.length > 0;
}

/** Why a template stays, and what ends that. */
export function describeUsers({ hosts, receivers }: TemplateUsers): string {
  return [
    ...(receivers.length > 0
      ? [`receivers use it: ${receivers.join(', ')}; point them at another or delete them`]
      : []),
    ...(hosts.length > 0 ? [`hosts were made from it: ${hosts.join(', ')}; they are gone after scaling down`] : []),
  ].join('; ');
}

function templateOf(resourceData: unknown): unknown {
  const config = (resourceData as { readonly config?: { readonly hostTemplateId?: unknown } | null } | null)?.config;
  return config?.hostTemplateId;
}
