import { hasCode } from '../../domain/errors.ts';
import type { CallOptions, HostCreator } from '../../rancher/rancher.ts';
import type { Resource } from '../../rancher/resources.ts';

// A round reads the hosts and the evacuations; templates change so rarely that a third list each time would be for nothing.
const rememberedForMs = 60_000;

interface Remembered {
  readonly templates: readonly Resource[];
  readonly readAtMs: number;
}

/** By client and machine driver; forgotten with the client. */
const remembered = new WeakMap<HostCreator, Map<string, Remembered>>();

const none: ReadonlySet<string> = new Set();

/**
 * Names of the config fields whose values the environment's template for `driver` supplies: Rancher's machine service merges a
 * template's secret values into every config of its driver (facts rancher-1.6 §4.3). With several templates nobody can say whose
 * values would be merged, and none count. A new template is noticed within a minute, the removal of the only one at once: without
 * it a machine would be made without any credentials. `nowMs` is monotonic. Throws what the client throws.
 */
export async function suppliedSecrets(
  creator: HostCreator,
  driver: string,
  read: CallOptions,
  nowMs = performance.now(),
): Promise<ReadonlySet<string>> {
  const ofCreator = remembered.get(creator) ?? new Map<string, Remembered>();
  remembered.set(creator, ofCreator);
  const held = ofCreator.get(driver);
  if (held !== undefined && nowMs - held.readAtMs < rememberedForMs) {
    const [only, ...others] = held.templates;
    if (only === undefined || others.length > 0) return none;
    if (await isStillActive(creator, only.id, read)) return secretNames(only, driver);
  }
  const listed = await creator.collection('hostTemplates').list({ driver, state: 'active' }, read);
  // Rancher ignores filters that it does not know.
  const templates = listed.filter((template) => template['driver'] === driver && template.state === 'active');
  ofCreator.set(driver, { templates, readAtMs: nowMs });
  const [only, ...others] = templates;
  return only === undefined || others.length > 0 ? none : secretNames(only, driver);
}

async function isStillActive(creator: HostCreator, templateId: string, read: CallOptions): Promise<boolean> {
  try {
    return (await creator.collection('hostTemplates').read(templateId, read)).state === 'active';
  } catch (error) {
    if (hasCode(error, 'RANCHER_NOT_FOUND')) return false;
    throw error;
  }
}

/** Secret values are shown as names with null (recording f_hosttemplate_get_as_project_key). */
function secretNames(template: Resource, driver: string): ReadonlySet<string> {
  const values = (template['secretValues'] ?? {}) as Readonly<Record<string, object | null>>;
  return new Set(Object.keys(values[`${driver}Config`] ?? {}));
}
