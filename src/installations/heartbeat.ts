import * as z from 'zod';
import type { CallOptions, Rancher } from '../rancher/rancher.ts';
import type { GenericObject } from '../rancher/resources.ts';
import { isLiveObject, ordinal } from '../receivers/stored-receiver.ts';

/** Kind of the generic objects by which installations on one environment notice each other. */
export const installationKind = 'receiverHooksInstallation';

/** What an installation says of itself in Rancher, where every member of the environment can read it. */
export const Heartbeat = z.object({
  installation: z.string().min(1).max(64),
  version: z.string().max(64),
  /** Host name of the process that wrote it. */
  host: z.string().max(255),
  /** Another one with each writing: whoever watches sees that somebody lives, whatever his clock says. */
  beat: z.string().min(1).max(64),
  /** ISO 8601, clock of the writer. */
  at: z.string().max(64),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

export interface StoredHeartbeat extends Heartbeat {
  readonly objectId: string;
}

type Objects = Pick<Rancher, 'genericObjects'>;

/** Every heartbeat of an environment, the oldest object first; what is none is passed over. Throws what the client throws. */
export async function listHeartbeats(rancher: Objects, call: CallOptions = {}): Promise<readonly StoredHeartbeat[]> {
  const objects = await rancher.genericObjects.list({ kind: installationKind }, call);
  return objects
    .filter((object) => object.kind === installationKind && isLiveObject(object))
    .toSorted((one, other) => ordinal(one.id) - ordinal(other.id))
    .flatMap(decode);
}

/** Makes an installation's object, or writes it anew. Throws what the client throws; safe to repeat. */
export async function writeHeartbeat(
  rancher: Objects,
  objectId: string | undefined,
  heartbeat: Heartbeat,
): Promise<void> {
  if (objectId !== undefined) {
    await rancher.genericObjects.update(objectId, { resourceData: heartbeat });
    return;
  }
  const { installation } = heartbeat;
  await rancher.genericObjects.create({
    kind: installationKind,
    name: 'receiver-hooks',
    key: installation,
    resourceData: heartbeat,
  });
}

function decode(object: GenericObject): readonly StoredHeartbeat[] {
  const parsed = Heartbeat.safeParse(object.resourceData);
  return parsed.success ? [{ ...parsed.data, objectId: object.id }] : [];
}
