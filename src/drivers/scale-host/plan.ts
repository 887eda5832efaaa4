import { inOrderOfRemoval, oldestOf } from '../../domain/host-choice.ts';
import { nextHostNames } from '../../domain/host-names.ts';
import { partRemedy, type ErrorCode } from '../../domain/errors.ts';
import type { Asked, Decision, LaneHistory, Round } from '../driver.ts';
import { stepFor } from '../scale-config.ts';
import type { ScaleDefaults } from '../scale-config.ts';
import { decideStep } from '../scale-decision.ts';
import { reading } from '../reading.ts';
import type { ChangedItem, CountedGroup, HostChange, HostSource, HostToCreate, HostToRemove } from './change.ts';
import type { ScaleHostConfig } from './config.ts';
import { describeEmpty, groupOf, isMember, keyOfGroup, labelsOfMember } from './group.ts';
import type { HostGroup } from './group.ts';
import { hasFailed, isLiving, isMachine } from './host-view.ts';
import type { HostsSeen, HostView } from './host-view.ts';

/** With the installation's defaults filled in. */
type Ask = Asked<ScaleHostConfig & ScaleDefaults>;

interface PlannedCreate extends Omit<HostToCreate, 'hostname'> {
  /** What its name continues; undefined where there is nothing to continue. */
  readonly baseName: string | undefined;
  readonly member: { readonly labels: Readonly<Record<string, string>>; readonly templateId?: string };
}

/** Decides every item in order on the running hosts; what one item makes, the next one counts. Pure. */
export function planHosts(
  asked: readonly Asked<ScaleHostConfig>[],
  seen: HostsSeen,
  lane: LaneHistory,
  defaults: ScaleDefaults,
): Round<HostChange> {
  const round = new HostRound(seen);
  let sinceChangeMs = lane.sinceLastEffectiveChangeMs;
  const steps = asked.map((ask) => ({ ...ask, config: stepFor(ask.config, ask.signal, defaults) }));
  const decisions = steps.map((ask) => {
    const decision = ask.config.action === 'up' ? round.up(ask, sinceChangeMs) : round.down(ask, sinceChangeMs);
    if (decision.outcome === 'change') sinceChangeMs = 0;
    return decision;
  });
  const change = round.change(steps, decisions);
  const changing = new Set(change.items.map(({ itemId }) => itemId));
  return {
    // One up and one down in the same round both count, and no machine is made only to be removed.
    decisions: decisions.map((decision) =>
      decision.outcome === 'change' && !changing.has(decision.itemId) ? { ...decision, outcome: 'scaled' } : decision,
    ),
    ...(changing.size === 0 ? {} : { change }),
  };
}

/** The hosts as they will be when everything decided so far has been carried out. */
class HostRound {
  readonly #seen: HostsSeen;
  readonly #groups: { readonly key: string; readonly counted: CountedGroup }[] = [];
  #create: readonly PlannedCreate[] = [];
  #remove: readonly HostToRemove[] = [];

  constructor(seen: HostsSeen) {
    this.#seen = seen;
  }

  up(ask: Ask, sinceChangeMs: number | undefined): Decision {
    const { config, itemId } = ask;
    const group = groupOf(config);
    const living = this.#living(group);
    const base = oldestOf(living.hosts.filter(isMachine));
    const source = this.#sourceOf(config, group, base);
    if (source === undefined) {
      if (living.count === 0) return failed(itemId, 'TARGET_NOT_FOUND', describeEmpty(group, this.#seen.hosts.length));
      return failed(itemId, 'TARGET_UNSUPPORTED', 'Cannot use custom hosts for scaling up');
    }
    // A bad quota would otherwise make one failing machine for each trigger, for ever (old-service-measured).
    const failures = this.#seen.hosts.filter(
      (host) => hasFailed(host) && host.marker !== undefined && !host.isLeaving && isMember(group, host),
    ).length;
    const decision = decideStep(
      { ...ask, config: { ...config, max: config.max - failures } },
      living.count,
      sinceChangeMs,
    );
    if (decision.outcome !== 'change') return withFailures(decision, failures, config.max);
    const index = this.#indexOf(group);
    const wanted = (decision.to ?? living.count) - living.count;
    const restored = this.#restore(index, wanted);
    const added = Array.from({ length: wanted - restored }, (_, at): PlannedCreate => ({
      itemId,
      marker: `${itemId}.${String(at + 1)}`,
      group: index,
      source: source.source,
      onError: config.onHostError,
      baseName: base?.name,
      member: source.member,
    }));
    this.#create = [...this.#create, ...added];
    return decision;
  }

  down(ask: Ask, sinceChangeMs: number | undefined): Decision {
    const { config, itemId } = ask;
    const group = groupOf(config);
    const living = this.#living(group);
    if (living.count === 0) return failed(itemId, 'TARGET_NOT_FOUND', describeEmpty(group, this.#seen.hosts.length));
    const index = this.#indexOf(group);
    const candidates = living.hosts.filter((host) => isMachine(host) || config.customHosts === 'remove');
    const cancellable = this.#create.filter((planned) => planned.group === index).length;
    const decision = decideStep(ask, living.count, sinceChangeMs);
    if (decision.outcome !== 'change') return decision;
    const wanted = living.count - (decision.to ?? living.count);
    const possible = Math.min(wanted, cancellable + candidates.length);
    if (possible < wanted && (config.onLimit === 'reject' || possible === 0)) {
      const custom = living.hosts.length - candidates.length;
      const message = `${String(custom)} of the ${String(living.count)} hosts are custom ones, which removing would not end; remove them by hand, or set customHosts to remove`;
      return failed(itemId, 'TARGET_UNSUPPORTED', message);
    }
    const leaving = inOrderOfRemoval(candidates, config.deleteOption ?? 'mostRecent');
    const cancelled = this.#cancel(index, possible);
    const chosen = leaving
      .slice(0, possible - cancelled)
      .map((host): HostToRemove => ({ itemId, hostId: host.id, hostname: host.name, group: index, min: config.min }));
    this.#remove = [...this.#remove, ...chosen];
    const to = living.count - possible;
    return { ...decision, to, message: `scaled down from ${String(living.count)} to ${String(to)}` };
  }

  change(asked: readonly Ask[], decisions: readonly Decision[]): HostChange {
    const create = this.#named();
    const busy = new Set([...create, ...this.#remove].map(({ itemId }) => itemId));
    const items = asked.flatMap(({ itemId, config }, at): ChangedItem[] =>
      busy.has(itemId) ? [{ itemId, action: config.action, from: decisions[at]?.from ?? 0 }] : [],
    );
    const groups = this.#groups.map(({ counted }) => counted);
    return { items, groups, create, remove: this.#remove, [reading]: this.#seen };
  }

  /** Real hosts that live and stay, and how many members there will be with the planned ones. */
  #living(group: HostGroup): { readonly hosts: readonly HostView[]; readonly count: number } {
    const removed = new Set(this.#remove.map(({ hostId }) => hostId));
    const hosts = this.#seen.hosts.filter((host) => isLiving(host) && isMember(group, host) && !removed.has(host.id));
    return { hosts, count: hosts.length + this.#create.filter(({ member }) => isMember(group, member)).length };
  }

  #sourceOf(
    config: ScaleHostConfig,
    group: HostGroup,
    base: HostView | undefined,
  ): { readonly source: HostSource; readonly member: PlannedCreate['member'] } | undefined {
    const { hostTemplateId: templateId, host } = config;
    if (templateId !== undefined) {
      const { labels: own = {}, ...options } = host ?? {};
      const labels = { ...own, ...labelsOfMember(group) };
      return { source: { kind: 'template', templateId, labels, options }, member: { labels, templateId } };
    }
    if (base === undefined) return undefined;
    const driver = base.driver === undefined ? {} : { driver: base.driver };
    const template = base.templateId === undefined ? {} : { templateId: base.templateId };
    return {
      source: { kind: 'clone', baseHostId: base.id, ...driver, ...template },
      member: { labels: base.labels, ...template },
    };
  }

  /** Takes back removals of the same group; answers how many. */
  #restore(group: number, wanted: number): number {
    const restored = new Set(this.#remove.filter((planned) => planned.group === group).slice(0, wanted));
    this.#remove = this.#remove.filter((planned) => !restored.has(planned));
    return restored.size;
  }

  /** Takes back creates of the same group, the last first; answers how many. */
  #cancel(group: number, wanted: number): number {
    const cancelled = new Set(
      this.#create
        .filter((planned) => planned.group === group)
        .toReversed()
        .slice(0, wanted),
    );
    this.#create = this.#create.filter((planned) => !cancelled.has(planned));
    return cancelled.size;
  }

  #indexOf(group: HostGroup): number {
    const key = keyOfGroup(group);
    const known = this.#groups.findIndex((other) => other.key === key);
    if (known !== -1) return known;
    const living = this.#seen.hosts.filter((host) => isLiving(host) && isMember(group, host)).length;
    return this.#groups.push({ key, counted: { group, living } }) - 1;
  }

  #named(): readonly HostToCreate[] {
    const taken = [...this.#seen.names];
    const names = new Map<string | undefined, string[]>();
    for (const baseName of new Set(this.#create.map((planned) => planned.baseName))) {
      const count = this.#create.filter((planned) => planned.baseName === baseName).length;
      const series = [...nextHostNames(baseName, taken, count)];
      taken.push(...series);
      names.set(baseName, series);
    }
    return this.#create.map(({ baseName, member: _member, ...planned }) => ({
      ...planned,
      hostname: names.get(baseName)?.shift() ?? planned.marker,
    }));
  }
}

/** A bound that was met by hosts that nobody counts on sight. */
function withFailures(decision: Decision, failures: number, max: number): Decision {
  if (failures === 0 || (decision.outcome !== 'limit-reached' && decision.outcome !== 'unchanged')) return decision;
  const { from = 0, outcome } = decision;
  const told =
    outcome === 'unchanged'
      ? `already at ${String(from)}, max is ${String(max)}`
      : partRemedy(decision.message).message;
  const why = `${String(failures)} failed hosts of this service count against max ${String(max)}`;
  return { ...decision, message: `${told}; ${why}, remove them or set onHostError to remove` };
}

function failed(itemId: string, code: ErrorCode, message: string): Decision {
  return { itemId, outcome: 'failed', code, message };
}
