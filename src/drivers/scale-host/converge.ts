import { hasCode } from '../../domain/errors.ts';
import type { CallOptions } from '../../rancher/rancher.ts';
import type { ConvergeContext, Progress } from '../driver.ts';
import { reading } from '../reading.ts';
import type { HostChange } from './change.ts';
import { createHosts } from './create-hosts.ts';
import { hostKeyMissing, seeHosts } from './environment.ts';
import { isMember } from './group.ts';
import { isLiving } from './host-view.ts';
import type { HostsSeen } from './host-view.ts';
import { removeHosts } from './remove-hosts.ts';
import { describeUnderWay, endOf } from './results.ts';
import { isInDoubt } from './send-all.ts';
import { madeFor } from './twins.ts';

const firstLookAfterMs = 250;

/**
 * Carries a change out: makes what has no marker yet, then removes what is still there (design §5.5). Every part of it is
 * safe to repeat. As soon as one host was made or removed nothing is thrown that would let the lane decide anew, because
 * deciding anew would ask for the whole step once more.
 */
export async function convergeHosts(change: HostChange, context: ConvergeContext): Promise<Progress> {
  const { rancher, sendState, isSentAgain, read, ageMs } = context;
  const creator = await rancher.findHostCreator(read);
  if (creator === undefined) {
    const { code, message } = hostKeyMissing();
    return {
      kind: 'failed',
      code,
      applied: sendState === 'fresh' || sendState === 'unsent' ? 'no' : 'unknown',
      message,
    };
  }
  let current = change;
  let seen = change[reading];
  if (sendState !== 'fresh') {
    seen = await seeHosts(creator, read);
    if (sendState === 'unsent') {
      const reason = reasonStale(change, seen);
      if (reason !== undefined) return { kind: 'stale', reason };
    } else {
      current = recognise(change, seen);
      if (sendState === 'doubt' && !isAllUnderWay(current, seen)) return { kind: 'undecided' };
    }
  }
  const isMissing = current.create.some(({ hostId, result }) => hostId === undefined && result === undefined);
  const isSentTwice = isSentAgain === true || (sendState === 'settled-doubt' && isMissing);
  if (isSentTwice && current.create.length > 0) current = { ...current, resentAtMs: ageMs };

  const guard = guardWrites(context.write);
  const writes = { applied: sendState === 'doubt' || sendState === 'settled-doubt' ? 1 : 0 };
  const sending = { creator, read, write: guard.write, writes };
  try {
    current = await createHosts(current, sending);
    current = await removeHosts(current, sending, seen);
  } catch (error) {
    const isOurs = !hasCode(error) && !guard.hasStopped(error);
    if (isOurs || isInDoubt(error) || writes.applied === 0) throw error;
    // Part of it is done: the lane comes back and goes on with what is missing.
    return { kind: 'undecided' };
  }
  return isEnded(current)
    ? endOf(current)
    : { kind: 'later', afterMs: firstLookAfterMs, message: describeUnderWay(current), change: current };
}

/** Remembers what stopped writes before they were sent: the lane's own reason, such as a lease that runs out. */
function guardWrites(write: CallOptions): { readonly write: CallOptions; hasStopped(error: unknown): boolean } {
  // Several creates are under way at once, and each is stopped by an error of its own.
  const reasons = new Set<unknown>();
  return {
    write: {
      ...write,
      beforeSend() {
        try {
          write.beforeSend?.();
        } catch (error) {
          reasons.add(error);
          throw error;
        }
      },
    },
    hasStopped: (error) => reasons.has(error),
  };
}

/** Every host has a result, the failed ones that are to go are on their way, and no create may still land a second time. */
export function isEnded({ create, remove, resentAtMs }: HostChange): boolean {
  return (
    resentAtMs === undefined &&
    [...create, ...remove].every(({ result }) => result !== undefined) &&
    create.every(({ isUnwanted }) => isUnwanted === undefined)
  );
}

/** Whether the hosts differ from what was decided on. */
function reasonStale({ groups, create, remove }: HostChange, seen: HostsSeen): string | undefined {
  for (const { group, living } of groups) {
    const now = seen.hosts.filter((host) => isLiving(host) && isMember(group, host)).length;
    if (now !== living) return `the group has ${String(now)} hosts, it had ${String(living)}`;
  }
  const names = new Set(seen.names.map((name) => name.toLowerCase()));
  const taken = create.find(({ hostname }) => names.has(hostname.toLowerCase()));
  if (taken !== undefined) return `the name ${taken.hostname} was taken meanwhile`;
  const living = new Set(seen.hosts.filter(isLiving).map(({ id }) => id));
  const gone = remove.find(({ hostId }) => !living.has(hostId));
  return gone === undefined ? undefined : `host ${gone.hostname} left meanwhile`;
}

/** Finds what was made already; of two that were made for one create `follow` removes the other. */
function recognise(change: HostChange, { hosts }: HostsSeen): HostChange {
  return {
    ...change,
    create: change.create.map((planned) => {
      const hostId = planned.hostId ?? madeFor(hosts, planned)[0]?.id;
      return hostId === undefined ? planned : { ...planned, hostId };
    }),
  };
}

function isAllUnderWay({ create, remove }: HostChange, { hosts }: HostsSeen): boolean {
  const staying = new Set(hosts.filter(({ isLeaving }) => !isLeaving).map(({ id }) => id));
  return create.every(({ hostId }) => hostId !== undefined) && remove.every(({ hostId }) => !staying.has(hostId));
}
