import type { Host, Resource } from '../../rancher/resources.ts';
import { markerLabel } from './labels.ts';

/** What decisions need of a host: no driver config, and so no secret, goes into snapshots and changes. */
export interface HostView {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly templateId?: string;
  /** The machine driver that makes it; absent for custom hosts, and for a moment where only the template tells. */
  readonly driver?: string;
  readonly createdMs: number;
  /** Ours, and by which item of which change. */
  readonly marker?: string;
  /** What Rancher or the machine driver says about it. */
  readonly message?: string;
  /** On its way out: it counts for nothing and is not chosen again. */
  readonly isLeaving: boolean;
  /** Of a create that was sent twice and has landed twice: the change that made it is about to remove it (design §5.2). */
  readonly isTwin?: true;
}

/** One read of an environment's hosts: all pages, and every name in use. */
export interface HostsSeen {
  readonly hosts: readonly HostView[];
  readonly names: readonly string[];
  /** When the answer had come, by this process's monotonic clock. */
  readonly readAtMs: number;
}

const goneStates = new Set(['removed', 'purging', 'purged']);
const leavingStates = new Set(['removing', ...goneStates]);
const machinelessStates = new Set(['requested', 'creating', 'registering', 'provisioning', 'provisioned', 'erroring']);
const failedStates = new Set(['error', 'erroring']);
// The agent has been there and is away: it may come back, and nobody can use the host meanwhile.
const lostStates = new Set(['disconnecting', 'disconnected', 'reconnecting']);

/** Looks at a host as `GET /hosts` answers it; `leavingIds` are hosts that an evacuation still under way will delete. */
export function viewHost(host: Host, leavingIds: ReadonlySet<string>): HostView {
  const { id, state = '', labels, hostname, name, transitioningMessage } = host;
  const { hostTemplateId, createdTS } = host;
  const driver = driverOf(host);
  const marker = labels?.[markerLabel];
  return {
    id,
    // A custom host has no hostname of its own before its agent has told it (recording e_host_active).
    name: hostname ?? name ?? id,
    state,
    labels: labels ?? {},
    createdMs: typeof createdTS === 'number' ? createdTS : Date.parse(host.created ?? '') || 0,
    ...(typeof hostTemplateId === 'string' ? { templateId: hostTemplateId } : {}),
    ...(driver === undefined ? {} : { driver }),
    ...(marker === undefined ? {} : { marker }),
    ...(typeof transitioningMessage === 'string' ? { message: transitioningMessage } : {}),
    isLeaving: leavingStates.has(state) || leavingIds.has(id),
  };
}

/** Rancher names the driver when the machine service begins, and has its config before (recording f_host_create_machine_progress_sequence). */
function driverOf(host: Host): string | undefined {
  const { driver } = host;
  if (typeof driver === 'string' && driver !== '') return driver;
  const config = Object.entries(host).find(
    ([name, value]) => name.endsWith('Config') && typeof value === 'object' && value !== null,
  );
  return config?.[0].replace(/Config$/, '');
}

/** A machine driver makes and removes it; no custom host, which somebody has added by hand. */
export function isMachine({ driver, templateId }: HostView): boolean {
  return driver !== undefined || templateId !== undefined;
}

/** Every name a host goes by: new ones avoid them all. */
export function namesOf({ hostname, name }: Host): readonly string[] {
  return [hostname, name].filter((text): text is string => typeof text === 'string' && text !== '');
}

/**
 * Hosts whose evacuation with deletion has not ended. The event is `creating` until all is done, while the host is still
 * `active` at first and then `inactive` for up to a minute (recording e_event_evacuate_delete_sequence): by its state alone
 * it would be chosen and counted again, as the old service did.
 */
export function leavingHostIds(events: readonly Resource[]): ReadonlySet<string> {
  const ids = events.flatMap(({ state, eventType, hostId, deleteHost }) =>
    state !== 'created' && eventType === 'host.evacuate' && deleteHost === true && typeof hostId === 'string'
      ? [hostId]
      : [],
  );
  return new Set(ids);
}

/** No agent runs on it yet: an evacuation would wait for one (recording f_host_provisioning_evacuate_delete_event). */
export function isWithoutAgent({ state }: HostView): boolean {
  return machinelessStates.has(state);
}

/** Its creation has neither succeeded nor failed. */
export function isBeingMade(host: HostView): boolean {
  return isWithoutAgent(host) || host.state === 'activating';
}

/** It was ready once, and Rancher cannot reach it. */
export function isLost({ state }: HostView): boolean {
  return lostStates.has(state);
}

/** Containers can run on it. */
export function isActive({ state }: HostView): boolean {
  return state === 'active' || state === 'updating-active';
}

/** Its creation has failed; Rancher leaves it lying there, and perhaps a machine that costs money. */
export function hasFailed({ state }: HostView): boolean {
  return failedStates.has(state);
}

/** Counts as one of the group. Failed ones do not; whether ours count against `max` is the plan's to say. */
export function isLiving(host: HostView): boolean {
  return !host.isLeaving && !hasFailed(host) && host.isTwin !== true;
}

/** It is no machine any more, though Rancher may still list it. */
export function isGone({ state }: HostView): boolean {
  return goneStates.has(state);
}

/** A message of Rancher or of a machine driver as it may stand in the history: one line, cut, without addresses. */
export function saidOf(message: string | undefined): string {
  const line = (message ?? 'no reason given')
    .replaceAll(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<address>')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
