import * as z from 'zod';
import type { RancherAccess } from '../../config/config.ts';
import { hasCode } from '../../domain/errors.ts';
import type { Rancher, RancherServer } from '../../rancher/rancher.ts';
import { failed, ok, warning, type Finding } from '../doctor/finding.ts';
import type { MachineTemplate } from './outputs-file.ts';

const DriverSchema = z.looseObject({ resourceFields: z.record(z.string(), z.looseObject({ type: z.string() })) });

/** What the templates rest on in Rancher: the machine driver, the fields it knows, and a key that may create hosts. */
export async function examineMachines(
  server: RancherServer,
  rancher: Rancher,
  access: RancherAccess,
  templates: readonly MachineTemplate[],
): Promise<readonly Finding[]> {
  const drivers = [...new Set(templates.map(({ driver }) => driver))];
  const found = await Promise.all(
    drivers.map(async (driver) => {
      const state = await examineDriver(rancher, driver);
      if (state.state !== 'ok') return [state];
      return [state, ...(await examineFields(rancher, driver, templates))];
    }),
  );
  return [...found.flat(), await examineKeys(server, rancher.projectId, access)];
}

async function examineDriver(rancher: Rancher, driver: string): Promise<Finding> {
  const check = `machine driver ${driver}`;
  // Rancher ignores filters that it does not know.
  const drivers = (await rancher.collection('machineDrivers').list({ name: driver })).filter(
    ({ name }) => name === driver,
  );
  if (drivers.some(({ state }) => state === 'active')) return ok(check, 'active');
  const [present] = drivers.filter(({ state }) => state !== 'removed' && state !== 'purged');
  return present === undefined
    ? failed(check, 'Rancher does not have it', 'add it: Admin > Machine Drivers, or from the community catalog')
    : failed(check, `it is ${present.state ?? 'in no state'}`, 'activate it under Admin > Machine Drivers');
}

/** The machine service drops fields that the driver does not know, silently; a host would then differ from the outputs. */
async function examineFields(
  rancher: Rancher,
  driver: string,
  templates: readonly MachineTemplate[],
): Promise<readonly Finding[]> {
  const check = `fields of ${driver}`;
  // An agent's key does not see the schema (recording f_schemas_aliyunecsconfig_environment_agent_key), one for hosts does.
  const known = await readFields((await rancher.findHostCreator()) ?? rancher, `${driver}Config`);
  if (known === undefined) return [];
  const wrong = templates
    .filter((template) => template.driver === driver)
    .flatMap(({ name, driverConfig }) =>
      Object.entries(driverConfig).flatMap(([field, value]) => {
        const type = known[field]?.type;
        if (type === undefined) return [`${name}: it does not know ${field}`];
        return type === typeOf(value) ? [] : [`${name}: ${field} must be ${type}`];
      }),
    );
  if (wrong.length === 0) return [];
  return [
    failed(check, wrong.join('; '), "update the machine driver in Rancher, or take the field out of infra's pools"),
  ];
}

function typeOf(value: string | boolean | readonly string[]): string {
  if (typeof value === 'string') return 'string';
  return typeof value === 'boolean' ? 'boolean' : 'array[string]';
}

async function readFields(
  rancher: Pick<Rancher, 'readSchema'>,
  schema: string,
): Promise<z.infer<typeof DriverSchema>['resourceFields'] | undefined> {
  try {
    const parsed = DriverSchema.safeParse(await rancher.readSchema(schema));
    return parsed.success ? parsed.data.resourceFields : undefined;
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND', 'RANCHER_UNAUTHORIZED')) throw error;
    return undefined;
  }
}

async function examineKeys(server: RancherServer, projectId: string, access: RancherAccess): Promise<Finding> {
  const check = `key for hosts in ${projectId}`;
  const keys = [
    ...(access.hostKey === undefined ? [] : [{ variable: 'CATTLE_HOST_ACCESS_KEY', key: access.hostKey }]),
    { variable: 'CATTLE_ACCESS_KEY', key: { accessKey: access.accessKey, secretKey: access.secretKey } },
  ];
  for (const { variable, key } of keys) {
    if (await mayCreateHosts(server.project(projectId, key)))
      return ok(check, `the one in ${variable} may create hosts`);
  }
  return warning(
    check,
    `none may create hosts (${keys.map(({ variable }) => variable).join(', ')})`,
    'give the service an environment API key as CATTLE_HOST_ACCESS_KEY and CATTLE_HOST_SECRET_KEY (doctor --mint-environment-key makes one)',
  );
}

async function mayCreateHosts(rancher: Rancher): Promise<boolean> {
  try {
    return (await rancher.readSchema('host')).collectionMethods?.includes('POST') === true;
  } catch (error) {
    if (!hasCode(error, 'RANCHER_NOT_FOUND', 'RANCHER_UNAUTHORIZED')) throw error;
    return false;
  } finally {
    await rancher.close();
  }
}
