import type { Cattle } from '../resource-type.ts';
import { isGlobal, labelsOf, runsContainers } from './service-row.ts';
import type { ServiceRow } from './service-row.ts';
import type { HostRow } from '../rows.ts';
import { asText } from '../text.ts';

/** How many deployment units a service wants, where they may go, and why no more fit. */
export interface Placement {
  readonly wanted: number;
  /** At most this many units find a place. */
  readonly placeable: number;
  readonly hosts: readonly HostRow[];
  /** Rancher's words for what stands in the way. */
  readonly obstacle: string;
}

const hostLabelRule = 'io.rancher.scheduler.affinity:host_label';
const notBesideRule = 'io.rancher.scheduler.affinity:container_label_ne';
// A PUT may ask for 3,000,000,000 containers (recording b_scale_huge); the machine that runs the sandbox cannot.
const unitsPerHost = 500;

/** Looks at hosts, labels and policy now; asked again at every step, because hosts come and go. */
export function placement(cattle: Cattle, service: ServiceRow): Placement {
  if (!runsContainers(service)) return { wanted: 0, placeable: 0, hosts: [], obstacle: '' };

  const labels = labelsOf(service);
  const asked = labels[hostLabelRule];
  const active = [...cattle.table<HostRow>('host').list(service.accountId)].filter(isActive);
  const hosts = typeof asked === 'string' ? active.filter((host) => carries(host, asked)) : active;
  const onePerHost = isGlobal(service) || notBesideRule in labels;
  return {
    wanted: wantedUnits(service, hosts.length),
    placeable: hosts.length * (onePerHost ? 1 : unitsPerHost),
    hosts,
    obstacle:
      typeof asked === 'string' && hosts.length === 0
        ? `needs host with label ${asked.replace('=', ': ')}`
        : onePerHost
          ? `host must not have a container with label ${asText(labels[notBesideRule] ?? service.name)}`
          : 'no healthy hosts meet the resource constraints',
  };
}

/** A scalePolicy overrules `scale`, a global service follows the hosts (recordings b_scale_policy_service_put_scale, b_global_service_put_scale). */
function wantedUnits(service: ServiceRow, hosts: number): number {
  if (isGlobal(service)) return hosts;
  const max = service.scalePolicy?.max;
  return typeof max === 'number' ? max : service.scale;
}

function carries(host: HostRow, asked: string): boolean {
  return asked.split(',').every((pair) => {
    const [key = '', value = ''] = pair.trim().split('=');
    return host.labels?.[key] === value;
  });
}

/** Whether the scheduler uses the host. */
function isActive(host: HostRow): boolean {
  return host.state === 'active' || host.state === 'updating-active';
}
