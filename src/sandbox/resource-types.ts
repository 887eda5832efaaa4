import type { ResourceType } from './resource-type.ts';
import { apiKeyType } from './types/api-keys.ts';
import { externalHostEventType } from './types/external-host-events.ts';
import { genericObjectType } from './types/generic-objects.ts';
import { hostTemplateType } from './types/host-templates.ts';
import { hostType } from './types/hosts.ts';
import { instanceTypes } from './types/instances.ts';
import { machineDriverType } from './types/machine-drivers.ts';
import { physicalHostTypes } from './types/physical-hosts.ts';
import { projectType } from './types/projects.ts';
import { serviceTypes } from './types/services.ts';
import { stackType } from './types/stacks.ts';

/** Everything the sandbox knows. A new type is a module of `types/` and an entry here. */
export const resourceTypes: readonly ResourceType[] = [
  projectType,
  ...serviceTypes,
  ...instanceTypes,
  stackType,
  hostType,
  ...physicalHostTypes,
  hostTemplateType,
  machineDriverType,
  externalHostEventType,
  genericObjectType,
  apiKeyType,
];

const byId = new Map(resourceTypes.map((type) => [type.id.toLowerCase(), type]));
const byPlural = new Map(resourceTypes.map((type) => [type.plural.toLowerCase(), type]));

/** Finds a type by its schema id, upper or lower case. */
export function typeNamed(id: string): ResourceType | undefined {
  return byId.get(id.toLowerCase());
}

/** Finds a type by its plural name in a path, upper or lower case. */
export function typeAt(plural: string): ResourceType | undefined {
  return byPlural.get(plural.toLowerCase());
}
