import { hasCode, ServiceError } from '../../domain/errors.ts';
import type { CallOptions, HostCreator } from '../../rancher/rancher.ts';
import type { Host, Resource } from '../../rancher/resources.ts';
import type { HostSource, HostToCreate } from './change.ts';
import { labelsOfMember } from './group.ts';
import type { HostGroup } from './group.ts';
import { labelsForClone, markerLabel } from './labels.ts';
import { suppliedSecrets } from './supplied-secrets.ts';

/** What every new host of one source is sent with. Lives only between reading and sending: it may hold driver secrets. */
export interface HostRecipe {
  readonly body: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
}

// What a machine is made with, as the schema of the machine service takes it (recording f_schemas_host_project_key). All
// other fields of a host describe the machine it has become.
const optionFields = [
  'authCertificateAuthority',
  'authKey',
  'dockerVersion',
  'engineEnv',
  'engineInsecureRegistry',
  'engineInstallUrl',
  'engineLabel',
  'engineOpt',
  'engineRegistryMirror',
  'engineStorageDriver',
] as const;

/**
 * Reads what hosts of `source` are made of, right before they are sent.
 * @throws ServiceError TARGET_NOT_FOUND for a template or base that is gone, TARGET_UNSUPPORTED for a base that cannot be
 *   cloned and for a machine driver that is not active; what the client throws
 */
export async function readRecipe(creator: HostCreator, source: HostSource, read: CallOptions): Promise<HostRecipe> {
  if (source.kind === 'template') {
    const { driver } = await readTemplate(creator, source.templateId, read);
    if (typeof driver === 'string') await requireActiveDriver(creator, driver, read);
    return { body: { hostTemplateId: source.templateId, ...source.options }, labels: source.labels };
  }
  const { baseHostId, templateId } = source;
  const template = templateId === undefined ? undefined : readTemplate(creator, templateId, read);
  // Of a base that was made from a template a moment ago Rancher names no driver yet.
  const driver = source.driver ?? (await template)?.['driver'];
  if (typeof driver !== 'string') throw notCloned(baseHostId);
  // At once: what is sent must follow soon on what was read, and a busy Rancher takes seconds for each answer.
  const [base, supplied] = await Promise.all([
    readBase(creator, baseHostId, read),
    suppliedSecrets(creator, driver, read),
    requireActiveDriver(creator, driver, read),
    template,
  ]);
  return { body: clonedBody(base, { ...source, driver }, supplied), labels: labelsForClone(base.labels) };
}

/** The body of one `POST /hosts`. */
export function newHostBody(recipe: HostRecipe, create: HostToCreate, group: HostGroup): object {
  // A label moved by hand since the decision must not make a host that nobody counts.
  const member = create.source.kind === 'clone' && group.by === 'labels' ? labelsOfMember(group) : {};
  return {
    ...recipe.body,
    hostname: create.hostname,
    labels: { ...recipe.labels, ...member, [markerLabel]: create.marker },
  };
}

/**
 * A living template. Rancher itself would make hosts from a removed one (recording f_host_create_from_removed_template).
 * @throws ServiceError TARGET_NOT_FOUND
 */
export async function readTemplate(creator: HostCreator, templateId: string, read: CallOptions): Promise<Resource> {
  const gone = new ServiceError(
    'TARGET_NOT_FOUND',
    `host template ${templateId} is removed or of another environment; choose a living one of this environment`,
  );
  try {
    const template = await creator.collection('hostTemplates').read(templateId, read);
    if (template.state === 'active' || template.state === 'activating') return template;
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
  }
  throw gone;
}

/** Rancher shows the schema `<driver>Config` only while the driver is active. @throws ServiceError TARGET_UNSUPPORTED */
export async function requireActiveDriver(creator: HostCreator, driver: string, read: CallOptions): Promise<void> {
  try {
    await creator.readSchema(`${driver}Config`, read);
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
    throw new ServiceError(
      'TARGET_UNSUPPORTED',
      `machine driver ${driver} is not active in Rancher; activate it under Admin > Machine Drivers`,
    );
  }
}

async function readBase(creator: HostCreator, hostId: string, read: CallOptions): Promise<Host> {
  try {
    return await creator.hosts.read(hostId, read);
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND')) throw error;
    throw new ServiceError('TARGET_NOT_FOUND', `host ${hostId}, which was to be cloned, is gone`);
  }
}

function clonedBody(
  base: Host,
  { driver, templateId }: { readonly driver: string; readonly templateId?: string },
  supplied: ReadonlySet<string>,
): Record<string, unknown> {
  const configName = `${driver}Config`;
  const config = base[configName];
  const hasConfig = typeof config === 'object' && config !== null;
  if (!hasConfig && templateId === undefined) {
    throw notCloned(base.id);
  }
  const options = Object.fromEntries(
    optionFields.flatMap((field) => (base[field] === null || base[field] === undefined ? [] : [[field, base[field]]])),
  );
  return {
    ...options,
    ...(typeof base['description'] === 'string' ? { description: base['description'] } : {}),
    ...(templateId === undefined ? {} : { hostTemplateId: templateId }),
    ...(hasConfig ? { [configName]: withoutSecrets(config, supplied) } : {}),
  };
}

/** What a template supplies need not travel in clear; fields that are not set say nothing. */
function withoutSecrets(config: object, supplied: ReadonlySet<string>): object {
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => name !== 'type' && value !== null && !supplied.has(name)),
  );
}

function notCloned(hostId: string): ServiceError {
  return new ServiceError(
    'TARGET_UNSUPPORTED',
    `host ${hostId} cannot be cloned: Rancher does not show what it was made with; use a hostTemplateId`,
  );
}
