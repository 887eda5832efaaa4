import { byId } from '../../domain/host-choice.ts';
import type { HostToCreate } from './change.ts';
import { hasFailed, isGone } from './host-view.ts';
import type { HostView } from './host-view.ts';

// As long as a change that was sent twice is looked after for it (`lateWriteMs`): what landed later still is nobody's to remove, and counts.
const landsWithinMs = 60_000;

/**
 * What was made for one create, ours first. By the marker alone a machine that a hand has cloned from ours would be taken for it,
 * so the name goes before; of two that landed the one that has not failed, and then the lower id.
 */
export function madeFor(
  hosts: readonly HostView[],
  { marker, hostname }: Pick<HostToCreate, 'marker' | 'hostname'>,
): readonly HostView[] {
  const rank = (host: HostView): number => (isNamed(host, hostname) ? 0 : 2) + (hasFailed(host) ? 1 : 0);
  return hosts
    .filter((host) => host.marker === marker && !isGone(host))
    .toSorted((one, other) => rank(one) - rank(other) || byId(one, other));
}

/** Of what was made for a create those that landed beside `kept` and are to go; a hand's clone of ours has a name of its own. */
export function twinsIn(
  made: readonly HostView[],
  kept: HostView | undefined,
  { hostname }: Pick<HostToCreate, 'hostname'>,
): readonly HostView[] {
  return made.filter((host) => host !== kept && !host.isLeaving && isNamed(host, hostname));
}

/** The hosts with their twins marked: a trigger that counted or chose one would be told of a step that only undoes ours. */
export function markTwins(hosts: readonly HostView[]): readonly HostView[] {
  const byMarker = Map.groupBy(hosts, ({ marker }) => marker);
  const twins = new Set<HostView>();
  for (const [marker, group] of byMarker) {
    if (marker === undefined || group.length === 1) continue;
    for (const { name: hostname } of group) {
      const made = madeFor(group, { marker, hostname });
      const [kept] = made;
      for (const twin of twinsIn(made, kept, { hostname }))
        if (twin.createdMs - (kept?.createdMs ?? 0) < landsWithinMs) twins.add(twin);
    }
  }
  return hosts.map((host) => (twins.has(host) ? { ...host, isTwin: true } : host));
}

function isNamed({ name }: HostView, hostname: string): boolean {
  return name.toLowerCase() === hostname.toLowerCase();
}
