import { CliError } from '../cli-error.ts';
import type { ReceiverSpec } from '../client/receiver-document.ts';
import { configOf, type ReceiverResource } from '../client/receiver-resource.ts';
import type { MachineTemplate } from './outputs-file.ts';
import type { Outdated } from './template-plan.ts';

/**
 * The scaleHost receivers of the pools: `<prefix>-<pool>-up` and `-down`, which work with the pool's first zone, and one more
 * `-up-<zone>` for each further zone. All of a pool count the same hosts, those with the pool's labels. `idOf` tells a
 * template's id in Rancher. Going down takes the oldest first, so that hosts of a replaced template leave before new ones.
 * @throws CliError for bounds that a receiver cannot have
 */
export function poolReceivers(
  templates: readonly MachineTemplate[],
  idOf: (templateName: string) => string,
): readonly ReceiverSpec[] {
  return templates.flatMap((template, index) => {
    const { pool, zone, name, hosts, labels, engine } = template;
    if (hosts.max <= hosts.min) {
      throw new CliError(
        `the pool "${pool}" has min ${String(hosts.min)} and max ${String(hosts.max)}, which leaves nothing to scale; raise hosts.max in the configuration of infra, or apply without --receivers`,
      );
    }
    const base = name.endsWith(`-${zone}`) ? name.slice(0, -zone.length - 1) : pool;
    const isFirst = templates.findIndex((other) => other.pool === pool) === index;
    const config = {
      hostSelector: labels,
      amount: hosts.step,
      min: hosts.min,
      max: hosts.max,
      hostTemplateId: idOf(name),
      host: { labels, ...engine },
    };
    const up = { driver: 'scaleHost', config: { ...config, action: 'up' } };
    if (!isFirst) return [{ name: `${base}-up-${zone}`, ...up }];
    const down = { ...config, action: 'down', deleteOption: 'leastRecent' };
    return [
      { name: `${base}-up`, ...up },
      { name: `${base}-down`, driver: 'scaleHost', config: down },
    ];
  });
}

/**
 * The other receivers that must leave an outdated template. One without a selector counts its hosts by the template itself:
 * moved, it would lose sight of them, so it stays, and its template with it.
 */
export function movedReceivers(
  receivers: readonly ReceiverResource[],
  outdated: readonly Outdated[],
  idOf: (templateName: string) => string,
): readonly ReceiverSpec[] {
  return receivers.flatMap((receiver) => {
    if (receiver.driver !== 'scaleHost') return [];
    const { hostTemplateId, hostSelector } = configOf(receiver);
    const left = outdated.find(({ template }) => template.id === hostTemplateId);
    if (left === undefined || hostSelector === undefined) return [];
    return [{ name: receiver.name, driver: 'scaleHost', config: { hostTemplateId: idOf(left.wanted.name) } }];
  });
}
