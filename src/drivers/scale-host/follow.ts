import { hasCode } from '../../domain/errors.ts';
import type { CallOptions, HostCreator } from '../../rancher/rancher.ts';
import type { FollowContext, Progress } from '../driver.ts';
import type { HostChange, HostResult, HostToCreate, HostToRemove } from './change.ts';
import { isEnded } from './converge.ts';
import { seeHosts, seeHostsById } from './environment.ts';
import { isActive, isBeingMade, isLost, saidOf } from './host-view.ts';
import type { HostView } from './host-view.ts';
import { removeHost } from './remove-hosts.ts';
import { describeUnderWay, endOf } from './results.ts';
import { madeFor, twinsIn } from './twins.ts';

// Rancher needs ten minutes to call a machine dead (recording f_host_create_states_without_machine_service), and a cloud
// with retries as long again.
const deadlineMs = 25 * 60_000;
// An evacuation moves containers for a minute or two; a disconnected host can hang in it for ever (#7913, #11396).
const forceAfterMs = 5 * 60_000;

type Seen = ReadonlyMap<string, HostView>;
type Creator = Pick<HostCreator, 'hosts' | 'collection'>;

/** Looks after machines being made and hosts on their way out, until each has ended. Everything it sends may be repeated. */
export async function followHosts(change: HostChange, context: FollowContext): Promise<Progress> {
  const { rancher, read, write, ageMs } = context;
  // A key taken away meanwhile still leaves hosts to be watched.
  const creator: Creator = (await rancher.findHostCreator(read)) ?? rancher;
  let current = change;
  if (change.resentAtMs !== undefined) current = await withoutTwins(change, creator, context);
  const open = [...current.create.filter(isOpen), ...current.remove.filter(isOpen)];
  const seen = await seeHostsById(
    creator,
    open.flatMap(({ hostId }) => (hostId === undefined ? [] : [hostId])),
    read,
  );
  const look: Look = { seen, ageMs, creator, write };
  const create: HostToCreate[] = [];
  for (const planned of current.create)
    create.push(planned.isUnwanted ? await discard(planned, look) : lookAtMade(planned, look));
  const remove: HostToRemove[] = [];
  for (const planned of current.remove) remove.push(await lookAtLeaving(planned, look));
  current = { ...current, create, remove };
  if (isEnded(current)) return endOf(current);
  const afterMs = create.some(({ isUnwanted }) => isUnwanted) ? 0 : Math.min(10_000, 250 + ageMs / 10);
  return { kind: 'later', afterMs, message: describeUnderWay(current), change: current };
}

function isOpen(planned: HostToCreate | HostToRemove): boolean {
  return planned.result === undefined || ('isUnwanted' in planned && planned.isUnwanted);
}

interface Look {
  readonly seen: Seen;
  readonly ageMs: number;
  readonly creator: Creator;
  readonly write: CallOptions;
}

function lookAtMade(planned: HostToCreate, { seen, ageMs }: Look): HostToCreate {
  if (planned.result !== undefined) return planned;
  const host = planned.hostId === undefined ? undefined : seen.get(planned.hostId);
  const result = resultOfMade(host, ageMs);
  if (result === undefined) return planned;
  // It costs money and counts against max for as long as it lies there.
  const isUnwanted = result.kind === 'failed' && planned.onError === 'remove' && host?.isLeaving === false;
  return { ...planned, result, ...(isUnwanted ? { isUnwanted } : {}) };
}

/** Removes a machine that has failed; what it said is stored already. */
async function discard(planned: HostToCreate, { seen, creator, write }: Look): Promise<HostToCreate> {
  const { isUnwanted: _, ...rest } = planned;
  const host = planned.hostId === undefined ? undefined : seen.get(planned.hostId);
  const told = (words: string): HostToCreate =>
    rest.result === undefined
      ? rest
      : { ...rest, result: { ...rest.result, message: `${rest.result.message}; ${words}` } };
  if (host === undefined) return told('it is removed');
  if (host.isLeaving) return told('it is being removed');
  try {
    await removeHost(creator, host, write);
    return told('it is being removed');
  } catch (error) {
    if (!hasCode(error, 'RANCHER_REJECTED', 'RANCHER_UNAUTHORIZED', 'RANCHER_NOT_FOUND')) throw error;
    return told('it could not be removed');
  }
}

function resultOfMade(host: HostView | undefined, ageMs: number): HostResult | undefined {
  if (host === undefined || host.isLeaving)
    return { kind: 'failed', code: 'HOST_FAILED', message: 'was removed by somebody before it was ready' };
  if (host.state === 'error')
    return { kind: 'failed', code: 'HOST_FAILED', message: `failed: ${saidOf(host.message)}` };
  if (isActive(host)) return { kind: 'done', message: 'is active' };
  // A hand that deactivated it meanwhile found it made.
  if (!isBeingMade(host) && !isLost(host)) return { kind: 'done', message: `was made and is ${host.state}` };
  if (ageMs < deadlineMs) return undefined;
  const message = `is still ${host.state} after ${String(deadlineMs / 60_000)} min: ${saidOf(host.message)}`;
  return { kind: 'failed', code: 'DEADLINE_EXCEEDED', message };
}

async function lookAtLeaving(planned: HostToRemove, { seen, ageMs, creator, write }: Look): Promise<HostToRemove> {
  if (planned.result !== undefined) return planned;
  const host = seen.get(planned.hostId);
  if (host === undefined) return { ...planned, result: { kind: 'done', message: 'is removed' } };
  if (ageMs >= deadlineMs) {
    const message = `is still ${host.state} after ${String(deadlineMs / 60_000)} min; remove it by hand`;
    return { ...planned, result: { kind: 'failed', code: 'DEADLINE_EXCEEDED', message } };
  }
  if (ageMs >= forceAfterMs) await force(host, creator, write);
  return planned;
}

/**
 * Rancher refuses each step in the wrong state, and the state is a moment old: the next look tries the next step. A deactivation
 * that hangs is no reason to wait (recording e_deactivate: it offers `remove`).
 */
async function force({ id, state }: HostView, creator: Creator, write: CallOptions): Promise<void> {
  if (state === 'removing') return;
  const isUp = ['active', 'updating-active', 'reconnecting', 'disconnected', 'disconnecting'].includes(state);
  try {
    if (isUp) await creator.hosts.action(id, 'deactivate', {}, write);
    else await creator.hosts.remove(id, write);
  } catch (error) {
    if (!hasCode(error, 'RANCHER_REJECTED', 'RANCHER_CONFLICT', 'RANCHER_NOT_FOUND')) throw error;
  }
}

/** A create whose answer was lost has landed as well as the one sent again: one of them is ours, the other goes. */
async function withoutTwins(change: HostChange, creator: Creator, context: FollowContext): Promise<HostChange> {
  const { rancher, read, write, ageMs, lateWriteMs } = context;
  const { hosts } = await seeHosts((await rancher.findHostCreator(read)) ?? rancher, read);
  const create: HostToCreate[] = [];
  for (const planned of change.create) {
    const made = madeFor(hosts, planned);
    // Ours is gone already, such as by a trigger that took it: what lands after it is nobody's.
    const isOver = planned.hostId !== undefined && made.every(({ id }) => id !== planned.hostId);
    const kept = isOver ? undefined : made[0];
    for (const twin of twinsIn(made, kept, planned)) await removeHost(creator, twin, write);
    create.push(kept === undefined ? planned : heldBy(planned, kept.id));
  }
  const { resentAtMs = 0, ...rest } = change;
  return ageMs - resentAtMs < lateWriteMs ? { ...change, create } : { ...rest, create };
}

/** Another than was known so far is ours: the one sent again was refused or has failed, and the first has landed. */
function heldBy(planned: HostToCreate, hostId: string): HostToCreate {
  if (planned.hostId === hostId) return planned;
  const { result: _result, isUnwanted: _unwanted, ...open } = planned;
  return { ...open, hostId };
}
