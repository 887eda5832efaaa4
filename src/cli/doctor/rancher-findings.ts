import { hasCode } from '../../domain/errors.ts';
import type { RancherAccess } from '../../config/config.ts';
import type { Credentials, Identity, RancherServer } from '../../rancher/rancher.ts';
import type { Project } from '../../rancher/resources.ts';
import { parseApiUrl } from '../../rancher/api-url.ts';
import { connectRancher } from '../../rancher/server.ts';
import { failed, ok, warning, type Finding } from './finding.ts';
import { examineHostKey } from './host-key.ts';
import { examineInstallations } from './installations.ts';

const timeoutMs = 5_000;
const keyRemedy =
  'set CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY to an environment API key (Rancher: API > Keys > Advanced Options)';
const addressRemedy =
  'set CATTLE_URL to the address of Rancher as it is reached from this machine, as http://rancher:8080';
/** No Rancher key looks like this; whoever accepts it accepts everybody. */
const wrongKey: Credentials = { accessKey: 'receiver-hooks-doctor', secretKey: 'deliberately-wrong' };

export interface Examination {
  readonly findings: readonly Finding[];
  /** One of the environments that the key reaches. */
  readonly projectId?: string;
}

/**
 * Everything there is to say about Rancher and our key, in the order in which to put it right: what depends on a failed
 * point is left out. Reads only. Throws SETTINGS_INVALID when the address cannot be used.
 */
export async function examineRancher(access: RancherAccess): Promise<Examination> {
  const { url, accessKey, secretKey, hostKey } = access;
  const server = connectRancher({
    url,
    credentials: { accessKey, secretKey },
    ...(hostKey === undefined ? {} : { hostCredentials: hostKey }),
    timeoutMs,
  });
  try {
    const identity = await identify(server);
    if ('findings' in identity) return identity;
    const accessControl = await examineAccessControl(url);
    const projects = await server.listProjects();
    const [first] = projects;
    return {
      findings: [
        answers,
        ok('key', 'Rancher accepts the key'),
        accessControl,
        examineKind(identity, accessControl),
        examineProjects(projects, parseApiUrl(url).projectId),
        ...(await Promise.all(projects.map((project) => examineRights(server, project)))),
        ...(await Promise.all(projects.map((project) => examineHostKey(server, project)))),
        ...(await Promise.all(projects.map((project) => examineInstallations(server.project(project.id))))),
      ],
      ...(first && { projectId: first.id }),
    };
  } finally {
    await server.close();
  }
}

const answers = ok('address', 'Rancher answers at CATTLE_URL');

async function identify(server: RancherServer): Promise<Identity | Examination> {
  try {
    return await server.identify();
  } catch (error) {
    if (hasCode(error, 'RANCHER_UNAUTHORIZED')) return { findings: [answers, failed('key', error.message, keyRemedy)] };
    if (!hasCode(error)) throw error;
    return { findings: [failed('address', error.message, addressRemedy)] };
  }
}

/** With access control off Rancher takes a wrong key for the anonymous admin's (recording g_wrong_key_auth_off). */
async function examineAccessControl(url: string): Promise<Finding> {
  const server = connectRancher({ url, credentials: wrongKey, timeoutMs });
  try {
    await server.identify();
  } catch (error) {
    if (hasCode(error, 'RANCHER_UNAUTHORIZED')) return ok('access control', 'on: Rancher refuses a wrong key');
    throw error;
  } finally {
    await server.close();
  }
  return warning(
    'access control',
    'off: Rancher accepted a deliberately wrong key, so whoever reaches it may do everything',
    'switch it on in Rancher under Admin > Access Control, and make an environment API key then',
  );
}

function examineKind({ accountKind, accountId }: Identity, accessControl: Finding): Finding {
  const check = 'kind of key';
  switch (accountKind) {
    case 'project':
      return ok(check, `an environment API key of ${accountId}`);
    case 'service':
      return ok(check, 'a service account key, which reaches every environment');
    case 'environment':
      return warning(
        check,
        `the agent key of environment ${accountId}, with which Rancher lets nobody create hosts`,
        'fine for scaling services; for hosts use an environment API key (Rancher: API > Keys > Advanced Options)',
      );
    case 'admin':
      return warning(
        check,
        accessControl.state === 'ok'
          ? 'an admin key, which may do everything everywhere'
          : 'not to be told while access control is off',
        'use an environment API key (Rancher: API > Keys > Advanced Options)',
      );
    default:
      return warning(
        check,
        `a key of account kind ${accountKind}, whose rights end with that account's`,
        'use an environment API key (Rancher: API > Keys > Advanced Options)',
      );
  }
}

function examineProjects(projects: readonly Project[], wanted: string | undefined): Finding {
  if (projects.length === 0) {
    return failed(
      'environments',
      'the key reaches none',
      'make the key in the environment whose services are to be scaled',
    );
  }
  const named = projects.map((project) => `${project.id}${project.name ? ` (${project.name})` : ''}`);
  const reached = `the key reaches ${named.join(', ')}`;
  if (wanted !== undefined && !projects.some(({ id }) => id === wanted)) {
    return warning(
      'environments',
      `CATTLE_URL names ${wanted}, and ${reached}`,
      'end CATTLE_URL with /v2-beta, or use a key of the environment that it names',
    );
  }
  return ok('environments', reached);
}

/** Receivers are stored as genericObjects; only who may POST them in this environment can keep any. */
async function examineRights(server: RancherServer, project: Project): Promise<Finding> {
  const check = `right to store receivers in ${project.id}`;
  const remedy = 'use a key of that environment whose role is not read-only';
  const rancher = server.project(project.id);
  try {
    const schema = await rancher.readSchema('genericObject');
    return schema.collectionMethods?.includes('POST') === true
      ? ok(check, 'the key may write genericObjects')
      : failed(check, 'the key may not write genericObjects', remedy);
  } catch (error) {
    if (!hasCode(error)) throw error;
    return failed(check, error.message, remedy);
  } finally {
    await rancher.close();
  }
}
