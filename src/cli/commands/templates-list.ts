import { readDoctorConfig } from '../../config/read-config.ts';
import type { Resource } from '../../rancher/resources.ts';
import { connectRancher } from '../../rancher/server.ts';
import type { CliContext } from '../context.ts';
import { onlyProject } from '../only-project.ts';
import { formatTable } from '../table.ts';

interface TemplateRow {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly state: string;
  /** Names only: Rancher shows the values once, when the template is made. */
  readonly secretValues: readonly string[];
}

/** Prints the host templates of the environment. @throws ConfigurationError, CliError, ServiceError */
export async function listTemplates(options: { readonly json?: true }, context: CliContext): Promise<void> {
  const { url, accessKey, secretKey } = readDoctorConfig(context.environment).rancher;
  const server = connectRancher({ url, credentials: { accessKey, secretKey } });
  try {
    const rancher = server.project(await onlyProject(server, url));
    const rows = (await rancher.collection('hostTemplates').list()).map(describe);
    if (options.json) context.print(JSON.stringify(rows, undefined, 2));
    else if (rows.length === 0)
      context.print('no host templates yet; "templates apply" makes them, or save one in Rancher when you add a host');
    else {
      const cells = rows.map(({ id, name, driver, state, secretValues }) => [
        id,
        name,
        driver,
        state,
        secretValues.join(' '),
      ]);
      context.print(formatTable(['ID', 'NAME', 'DRIVER', 'STATE', 'SECRET VALUES'], cells));
    }
  } finally {
    await server.close();
  }
}

function describe(template: Resource): TemplateRow {
  const secrets = (template['secretValues'] ?? {}) as Readonly<Record<string, object | null>>;
  const driver = template['driver'];
  return {
    id: template.id,
    name: template.name ?? '',
    driver: typeof driver === 'string' ? driver : '',
    state: template.state ?? '',
    secretValues: Object.values(secrets).flatMap((values) => Object.keys(values ?? {})),
  };
}
