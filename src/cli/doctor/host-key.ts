import type { RancherAccess } from '../../config/config.ts';
import { hasCode } from '../../domain/errors.ts';
import type { RancherServer } from '../../rancher/rancher.ts';
import type { Project } from '../../rancher/resources.ts';
import { connectRancher } from '../../rancher/server.ts';
import { CliError } from '../cli-error.ts';
import { onlyProject } from '../only-project.ts';
import { ok, warning, type Finding } from './finding.ts';

const remedy =
  'for scaleHost receivers set CATTLE_HOST_ACCESS_KEY and CATTLE_HOST_SECRET_KEY to an environment API key (doctor --mint-environment-key makes one); nothing else needs it';

/** Whether a key of ours may create hosts in this environment; only scaleHost receivers need one. */
export async function examineHostKey(server: RancherServer, project: Project): Promise<Finding> {
  const check = `key for hosts in ${project.id}`;
  const rancher = server.project(project.id);
  try {
    return (await rancher.findHostCreator()) === undefined
      ? warning(check, 'none may create hosts', remedy)
      : ok(check, 'there is one that may create hosts');
  } catch (error) {
    if (!hasCode(error)) throw error;
    return warning(check, error.message, remedy);
  } finally {
    await rancher.close();
  }
}

/** An environment API key as Rancher shows it, once. */
export interface MintedKey {
  readonly projectId: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * Makes an environment API key through our own, which Rancher lets an agent's key do (recording
 * g_apikey_create_as_environment_agent_key). Only when the operator asks: the key does not end with the container.
 * @throws CliError when our key reaches none or several environments, or Rancher shows no secret; ServiceError as the client does
 */
export async function mintEnvironmentKey(access: RancherAccess): Promise<MintedKey> {
  const { url, accessKey, secretKey } = access;
  const server = connectRancher({ url, credentials: { accessKey, secretKey } });
  try {
    const projectId = await onlyProject(server, url);
    const made = await server.project(projectId).collection('apiKeys').create({
      name: 'receiver-hooks-hosts',
      description: 'made by receiver-hooks doctor --mint-environment-key, to create hosts with',
    });
    const { publicValue, secretValue } = made;
    if (typeof publicValue !== 'string' || typeof secretValue !== 'string') {
      throw new CliError(`Rancher made the key ${made.id} without showing its secret; remove it and make one by hand`);
    }
    return { projectId, accessKey: publicValue, secretKey: secretValue };
  } finally {
    await server.close();
  }
}
