import type { Cattle } from './resource-type.ts';
import { addUnit } from './services/units.ts';
import { filledLaunchConfig, filledSidekicks } from './services/launch-config.ts';
import { placement } from './services/placement.ts';
import { runsContainers, settledHealth } from './services/service-row.ts';
import type { ServiceRow } from './services/service-row.ts';
import { placeHost } from './types/hosts.ts';
import type { StackRow } from './rows.ts';

/** A service as a test wants it to stand there; any other field of a service may be given, too. */
export interface PlacedService {
  readonly projectId: string;
  /** @default 'service' */
  readonly type?: string;
  readonly name?: string;
  readonly stackId?: string;
  /** @default 1 */
  readonly scale?: number;
  /** @default 'active' */
  readonly state?: string;
  readonly launchConfig?: object;
  /** The address that all its containers show, for a test that answers there. */
  readonly instanceAddress?: string;
  readonly [field: string]: unknown;
}

export interface PlacedHost {
  readonly projectId: string;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PlacedGenericObject {
  readonly projectId: string;
  readonly name?: string;
  readonly key?: string;
  readonly kind?: string;
  readonly resourceData?: object;
}

/** Puts things into the sandbox at once, without calls and without the time they would take. */
export class Furnisher {
  private readonly cattle: Cattle;

  constructor(cattle: Cattle) {
    this.cattle = cattle;
  }

  addProject(name: string, number?: number): string {
    const fields = {
      // An account belongs to nobody; who sees it is a question of keys.
      accountId: '1a1',
      type: 'project',
      kind: 'project',
      name,
      state: 'active',
      healthState: 'healthy',
      orchestration: 'cattle',
      servicesPortRange: { type: 'servicesPortRange', startPort: 49_153, endPort: 65_535 },
      version: '2',
      virtualMachine: false,
    } as const;
    const accounts = this.cattle.table('account');
    const { id } = number === undefined ? accounts.add(fields) : accounts.add(fields, number);
    this.cattle.accounts.addProject(id, name);
    return id;
  }

  projectName(projectId: string): string {
    return this.cattle.table('account').find(projectId)?.name ?? projectId;
  }

  addHost({ projectId, name, labels }: PlacedHost): string {
    const count = [...this.cattle.table('host').list(projectId)].length;
    return placeHost(this.cattle, {
      accountId: projectId,
      name: name ?? `host-${String(count + 1)}`,
      labels: labels ?? {},
    }).id;
  }

  addGenericObject({ projectId, ...fields }: PlacedGenericObject): string {
    const row = this.cattle.table('genericObject').add({
      name: null,
      key: null,
      kind: 'genericObject',
      resourceData: null,
      ...fields,
      accountId: projectId,
      type: 'genericObject',
      state: 'active',
    });
    this.cattle.changed(row);
    return row.id;
  }

  addService({ projectId, type = 'service', launchConfig, ...fields }: PlacedService): string {
    const { cattle } = this;
    const stack = this.stackFor(projectId, fields.stackId);
    const services = cattle.table<ServiceRow>('service');
    const service = services.add({
      assignServiceIpAddress: false,
      startOnCreate: true,
      system: false,
      scale: 1,
      ...fields,
      secondaryLaunchConfigs: filledSidekicks(fields['secondaryLaunchConfigs']) ?? [],
      accountId: projectId,
      type,
      kind: type,
      name: fields.name ?? `service-${String((stack.serviceIds ?? []).length + 1)}`,
      state: fields.state ?? 'active',
      stackId: stack.id,
      currentScale: null,
      launchConfig: filledLaunchConfig(
        launchConfig ??
          (type === 'service' || type === 'loadBalancerService' ? { imageUuid: 'docker:nginx:alpine' } : undefined),
      ),
      instanceIds: null,
      healthState: 'healthy',
      createIndex: null,
      units: [],
      retired: [],
      round: 0,
    });
    stack.serviceIds = [...(stack.serviceIds ?? []), service.id];
    if (service.state === 'active') this.start(service);
    cattle.changed(service);
    return service.id;
  }

  private start(service: ServiceRow): void {
    const { wanted, placeable, hosts } = placement(this.cattle, service);
    for (let index = 0; index < Math.min(wanted, placeable); index += 1)
      addUnit(this.cattle, service, hosts[index % hosts.length]);
    service.currentScale = service.units.length;
    service.healthState =
      service.units.length === 0 && wanted > 0 && runsContainers(service) ? 'unhealthy' : settledHealth(service);
  }

  private stackFor(projectId: string, stackId: string | undefined): StackRow {
    const stacks = this.cattle.table<StackRow>('stack');
    const named = stackId === undefined ? undefined : stacks.find(stackId);
    const [first] = stackId === undefined ? stacks.list(projectId) : [];
    return (
      named ??
      first ??
      stacks.add({
        accountId: projectId,
        type: 'stack',
        kind: 'stack',
        name: 'default',
        state: 'active',
        healthState: 'healthy',
        system: false,
        serviceIds: null,
      })
    );
  }
}
