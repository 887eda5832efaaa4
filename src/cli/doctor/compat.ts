import type { DoctorConfig } from '../../config/config.ts';
import type { Rancher } from '../../rancher/rancher.ts';
import type { GenericObject } from '../../rancher/resources.ts';
import { connectRancher } from '../../rancher/server.ts';
import { isLiveObject, receiverKind } from '../../receivers/stored-receiver.ts';
import { ok, warning, type Finding } from './finding.ts';
import { differencesOf, type OldReceiver } from './receiver-differences.ts';

const timeoutMs = 10_000;

/**
 * Lists the receivers of the old service that will act differently here, with the old effect and the new one. Reads only.
 * @throws ServiceError what the client throws
 */
export async function examineCompatibility(config: DoctorConfig): Promise<readonly Finding[]> {
  const { url, accessKey, secretKey } = config.rancher;
  const server = connectRancher({ url, credentials: { accessKey, secretKey }, timeoutMs });
  try {
    const findings = [...ofAll];
    for (const { id } of await server.listProjects()) {
      findings.push(...(await examineProject(server.project(id), config)));
    }
    return findings;
  } finally {
    await server.close();
  }
}

const ofAll = [
  ok(
    'every receiver',
    'the same alert counts once in 600 s and a resolved one not at all, where the old service acted on each; repeatAfterSeconds: 0 counts each',
  ),
  ok(
    'every receiver',
    'calls at the same moment add up, where the old service answered 200 to each and lost most of them',
  ),
  ok(
    'every serviceUpgrade receiver',
    'a push waits while a service cannot be upgraded, the newest wins, and an upgrade is followed for 30 minutes and finished, where the old service dropped the push, and after 3 minutes the upgrade',
  ),
];

async function examineProject(
  rancher: Rancher,
  { installPlace, receiverDefaults, trustExistingReceivers }: DoctorConfig,
): Promise<readonly Finding[]> {
  const { projectId } = rancher;
  const objects = (await rancher.genericObjects.list({ kind: receiverKind })).filter(
    (object) => object.kind === receiverKind && isLiveObject(object),
  );
  if (objects.length === 0) return [ok(`receivers of ${projectId}`, 'there are none')];
  const services = (await rancher.services.list()).filter(isLiveObject);
  const findings = objects.flatMap((object) => {
    const receiver = readReceiver(object);
    const check = `receiver ${object.name ?? object.id} of ${projectId} (${receiver.driver.slice(0, 40)})`;
    const surroundings = { projectId, installPlace, receiverDefaults, trustExistingReceivers, services };
    return differencesOf(receiver, surroundings).map(({ old, here, remedy }) =>
      warning(check, `the old service: ${old}; here: ${here}`, remedy),
    );
  });
  const alike = objects.length - new Set(findings.map(({ check }) => check)).size;
  return [...findings, ok(`receivers of ${projectId}`, `${String(alike)} of ${String(objects.length)} act alike`)];
}

function readReceiver({ resourceData }: GenericObject): OldReceiver {
  const { driver, config, receiverHooks } = resourceData ?? {};
  // Only this service writes those; a receiver of the old one has none.
  const ours: object = typeof receiverHooks === 'object' && receiverHooks !== null ? receiverHooks : {};
  const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
  return {
    driver: typeof driver === 'string' ? driver : '',
    config: isObject ? (config as OldReceiver['config']) : {},
    namesSources: 'allowedSources' in ours,
    isAdopted: 'proof' in ours && typeof ours.proof === 'string',
  };
}
