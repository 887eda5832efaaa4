import { hasCode } from '../../domain/errors.ts';
import type { CallOptions, HostCreator } from '../../rancher/rancher.ts';
import type { HostChange, HostResult, HostToRemove } from './change.ts';
import type { Sending } from './create-hosts.ts';
import { seeHosts } from './environment.ts';
import { isMember } from './group.ts';
import { isLiving, isWithoutAgent } from './host-view.ts';
import type { HostsSeen, HostView } from './host-view.ts';
import { sendAll } from './send-all.ts';

// Every send follows a read younger than this (design §5.3).
const freshMs = 250;

/**
 * Removes what the change names and nothing else. Before each the living members are counted, those already sent for left
 * out; where a group has shrunk to its minimum meanwhile the host stays. `known` is counted on for as long as it is fresh.
 */
export async function removeHosts(
  change: HostChange,
  { creator, read, write, writes }: Sending,
  known: HostsSeen | undefined,
): Promise<HostChange> {
  const open = change.remove.filter(({ result }) => result === undefined);
  if (open.length === 0) return change;
  const sent = new Set<string>();
  const results = new Map<string, HostResult>();
  const count = createCount(() => seeHosts(creator, read), known);
  await sendAll(open, async (planned) => {
    const verdict = mayRemove(planned, change, { seen: await count(), sent });
    if (verdict === 'leaving') return;
    if ('kind' in verdict) {
      results.set(planned.hostId, verdict);
      return;
    }
    // Counted as gone before it is: others are being decided on the same reading.
    sent.add(planned.hostId);
    const refusal = await refusalOf(() => removeHost(creator, verdict, write));
    if (refusal === undefined) writes.applied += 1;
    else {
      sent.delete(planned.hostId);
      results.set(planned.hostId, refusal);
    }
  });
  return {
    ...change,
    remove: change.remove.map((planned) => {
      const result = results.get(planned.hostId);
      return result === undefined ? planned : { ...planned, result };
    }),
  };
}

/** Reads anew what is older than a send may follow on; whoever asks meanwhile waits for the same reading. */
function createCount(look: () => Promise<HostsSeen>, known: HostsSeen | undefined): () => Promise<HostsSeen> {
  let last = known;
  let underWay: Promise<HostsSeen> | undefined;
  return async () => {
    if (last !== undefined && performance.now() - last.readAtMs <= freshMs) return last;
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    last = await underWay;
    return last;
  };
}

function mayRemove(
  planned: HostToRemove,
  { groups }: HostChange,
  { seen, sent }: { readonly seen: HostsSeen; readonly sent: ReadonlySet<string> },
): HostView | HostResult | 'leaving' {
  const host = seen.hosts.find(({ id }) => id === planned.hostId);
  // A hand was faster: what was asked for has happened.
  if (host === undefined || host.isLeaving || sent.has(host.id)) return 'leaving';
  const group = groups[planned.group]?.group;
  if (group === undefined || !isMember(group, host))
    return { kind: 'failed', code: 'SUPERSEDED', applied: 'no', message: 'left the group meanwhile and stays' };
  const living = seen.hosts.filter((other) => isLiving(other) && isMember(group, other) && !sent.has(other.id)).length;
  return living - 1 < planned.min
    ? { kind: 'limit', message: `stays, only ${String(living)} hosts are left and min is ${String(planned.min)}` }
    : host;
}

/** A refusal for good, as a result; anything else is thrown. */
async function refusalOf(remove: () => Promise<void>): Promise<HostResult | undefined> {
  try {
    await remove();
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'RANCHER_REJECTED', 'RANCHER_UNAUTHORIZED') || error.details.applied !== 'no') throw error;
    return { kind: 'failed', code: error.code, applied: 'no', message: `was not removed: ${error.message}` };
  }
}

/**
 * Begins a host's removal: a machine still being made by DELETE, because an evacuation waits until it is active
 * (recording f_host_provisioning_evacuate_delete_event); every other, failed ones too, by evacuation with deletion: a host that
 * somebody has just activated again runs containers. Never by `hostLabel`, which would take every host that carries it.
 */
export async function removeHost(
  creator: Pick<HostCreator, 'hosts' | 'collection'>,
  host: HostView,
  write: CallOptions,
): Promise<void> {
  if (isWithoutAgent(host)) {
    try {
      await creator.hosts.remove(host.id, write);
      return;
    } catch (error) {
      // Active since it was read: Rancher deletes no active host (recording e_delete_active_DELETE).
      if (!hasCode(error, 'RANCHER_REJECTED')) throw error;
    }
  }
  const event = { eventType: 'host.evacuate', hostId: host.id, deleteHost: true };
  await creator.collection('externalHostEvents').create(event, write);
}
