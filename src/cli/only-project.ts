import { parseApiUrl } from '../rancher/api-url.ts';
import type { RancherServer } from '../rancher/rancher.ts';
import { CliError } from './cli-error.ts';

/**
 * The environment that a command is about: the one `CATTLE_URL` names, else the only one our key reaches.
 * @throws CliError when there is none, or a choice
 */
export async function onlyProject(server: Pick<RancherServer, 'listProjects'>, url: string): Promise<string> {
  const named = parseApiUrl(url).projectId;
  if (named !== undefined) return named;
  const [only, ...others] = await server.listProjects();
  if (only !== undefined && others.length === 0) return only.id;
  const reached = only === undefined ? 'no environment' : `${String(others.length + 1)} environments`;
  throw new CliError(`the key reaches ${reached}; end CATTLE_URL with /v2-beta/projects/<id> of the one that is meant`);
}
