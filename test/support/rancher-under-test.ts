import { randomBytes } from 'node:crypto';
import { parseApiUrl } from '../../src/rancher/api-url.ts';
import type { Credentials, Rancher, RancherServer } from '../../src/rancher/rancher.ts';
import type { Resource } from '../../src/rancher/resources.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';

/** The Rancher that a contract suite runs on, with a stack of its own. */
export interface RancherUnderTest {
  readonly url: string;
  readonly credentials: Credentials;
  readonly server: RancherServer;
  readonly project: Rancher;
  /** Everything the suite makes goes here and is removed with it. */
  readonly stackId: string;
  /** Image of the suite's services, as Rancher spells it. */
  readonly imageUuid: string;
  close(): Promise<void>;
}

const { CATTLE_URL, CATTLE_ACCESS_KEY, CATTLE_SECRET_KEY, CONTRACT_IMAGE } = process.env;

const given = { CATTLE_URL, CATTLE_ACCESS_KEY, CATTLE_SECRET_KEY };
const missing = Object.entries(given).flatMap(([name, value]) => (value ? [] : [name]));

/** Whether the suite runs on the sandbox: true when none of CATTLE_URL, CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY is set. */
export const isOnSandbox = missing.length === Object.keys(given).length;

// Whoever forgot one would take the sandbox's success for that of a real Rancher.
if (!isOnSandbox && missing.length > 0)
  throw new Error(`${missing.join(' and ')} must be set, too, to run on CATTLE_URL`);

/**
 * Connects to the Rancher that CATTLE_URL names, else to a sandbox, and makes a stack `receiver-hooks-contract-<random>`.
 * CONTRACT_IMAGE names the image where the usual one cannot be pulled (`sim:nginx:alpine` on simulated hosts).
 */
export async function startRancherUnderTest(): Promise<RancherUnderTest> {
  const sandbox = isOnSandbox ? await startSandbox({ speed: 20 }) : undefined;
  const url = sandbox?.url ?? CATTLE_URL ?? '';
  const credentials = isOnSandbox
    ? { accessKey: 'sandbox', secretKey: 'sandbox-secret' }
    : { accessKey: CATTLE_ACCESS_KEY ?? '', secretKey: CATTLE_SECRET_KEY ?? '' };
  const server = connectRancher({ url, credentials });
  const project = server.project(sandbox === undefined ? await findProject(server, url) : '1a5');
  const name = `receiver-hooks-contract-${randomBytes(4).toString('hex')}`;
  const stack = await project.collection('stacks').create({ name });
  return {
    url,
    credentials,
    server,
    project,
    stackId: stack.id,
    imageUuid: CONTRACT_IMAGE ?? 'docker:nginx:alpine',
    async close() {
      await project.collection('stacks').remove(stack.id);
      await project.close();
      await server.close();
      await sandbox?.close();
    },
  };
}

async function findProject(server: RancherServer, url: string): Promise<string> {
  const named = parseApiUrl(url).projectId;
  if (named !== undefined) return named;
  const { accountId, accountKind } = await server.identify();
  if (accountKind === 'project') return accountId;
  const [only, ...others] = await server.listProjects();
  if (only === undefined || others.length > 0) {
    throw new Error('this key reaches several projects; end CATTLE_URL with /v2-beta/projects/<id>');
  }
  return only.id;
}

/** Reads until `isReached` or until the time is over; the last read is returned either way, for the test to judge. */
export async function readUntil<T extends Resource>(
  read: () => Promise<T>,
  isReached: (resource: T) => boolean,
  withinMs = isOnSandbox ? 5_000 : 12_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const resource = await read();
    if (isReached(resource) || performance.now() > deadline) return resource;
    await new Promise((resolve) => setTimeout(resolve, isOnSandbox ? 10 : 250));
  }
}
