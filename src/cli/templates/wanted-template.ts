import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '../../rancher/resources.ts';
import type { MachineTemplate } from './outputs-file.ts';

/** A Rancher host template as the outputs want it, without its secret. */
export interface WantedTemplate {
  readonly name: string;
  readonly driver: string;
  /** Which installation of infra it belongs to: the name without pool and zone. */
  readonly prefix: string;
  readonly description: string;
  readonly publicValues: Readonly<Record<string, MachineTemplate['driverConfig']>>;
}

/** At the end of a description: whose template it is, and of which content. */
const mark = /\[receiver-hooks (?<prefix>\S*) (?<hash>[0-9a-f]{16})\]$/;

/** The option of a machine driver that holds its secret, by driver. */
const secretOption = 'accessKeySecret';

/** What Rancher should hold for a template of the outputs. */
export function wantTemplate(template: MachineTemplate): WantedTemplate {
  const { name, pool, zone, driver, driverConfig } = template;
  const suffix = `-${pool}-${zone}`;
  const prefix = (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name).replaceAll(/\s/g, '_');
  const publicValues = { [`${driver}Config`]: driverConfig };
  const hash = hashOf({ driver, publicValues });
  return {
    name,
    driver,
    prefix,
    description: `${template.description} [receiver-hooks ${prefix} ${hash}]`,
    publicValues,
  };
}

/** The body that makes it. */
export function templateBody({ prefix: _prefix, ...fields }: WantedTemplate, secret: string): object {
  return { ...fields, secretValues: { [`${fields.driver}Config`]: { [secretOption]: secret } } };
}

/** The prefix of a template that this program made; undefined for anybody else's. */
export function prefixOf(template: Resource): string | undefined {
  return mark.exec(descriptionOf(template))?.groups?.['prefix'];
}

/**
 * Whether a template in Rancher is what is wanted. Its values are compared, too: anybody in the environment may write a
 * description, and a secret that was never given shows as a missing name (recording f_hosttemplate_get_as_project_key).
 */
export function isAsWanted(template: Resource, wanted: WantedTemplate): boolean {
  const secrets = template['secretValues'] as Readonly<Record<string, object | null>> | null | undefined;
  return (
    template.name === wanted.name &&
    template['driver'] === wanted.driver &&
    mark.exec(descriptionOf(template))?.[0] === mark.exec(wanted.description)?.[0] &&
    isDeepStrictEqual(template['publicValues'], wanted.publicValues) &&
    Object.hasOwn(secrets?.[`${wanted.driver}Config`] ?? {}, secretOption)
  );
}

function descriptionOf(template: Resource): string {
  const description = template['description'];
  return typeof description === 'string' ? description : '';
}

/** Independent of the order of fields: Terraform sorts them, another version of infra need not. */
function hashOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}
