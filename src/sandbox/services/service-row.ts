import type { Body } from '../body.ts';
import type { Row } from '../store.ts';

/** An upgrade as the service keeps it in its `upgrade` field, where it stays when all is over. */
export interface InServiceStrategy {
  readonly type: 'inServiceUpgradeStrategy';
  readonly batchSize: number;
  readonly intervalMillis: number;
  readonly startFirst: boolean;
  readonly launchConfig: Body;
  readonly secondaryLaunchConfigs: readonly Body[];
  readonly previousLaunchConfig: Body;
  readonly previousSecondaryLaunchConfigs: readonly Body[];
}

interface ServiceUpgrade {
  readonly type: 'serviceUpgrade';
  readonly inServiceStrategy: InServiceStrategy;
  readonly toServiceStrategy: null;
}

/** A stored service of any kind. `units`, `retired`, `round` and `unshownUpgrade` stay inside the sandbox. */
export interface ServiceRow extends Row {
  readonly stackId: string;
  scale: number;
  /** Null before the first activation; changes once, at the end of a scaling. */
  currentScale: number | null;
  scalePolicy: { readonly max?: unknown } | null;
  launchConfig: Body;
  secondaryLaunchConfigs: readonly Body[] | null;
  /** The last upgrade; it stays when all is over (recording c_finishupgrade). */
  upgrade?: ServiceUpgrade | null;
  /** One that was just taken, and that `upgrade` shows in a moment. */
  unshownUpgrade?: ServiceUpgrade | undefined;
  instanceIds: readonly string[] | null;
  healthState: string;
  createIndex: number | null;
  /** Container ids by deployment unit: one container, or one with its sidekicks. */
  units: string[][];
  /** Stopped containers of an upgrade that is not finished; they are listed, and a rollback starts them again. */
  retired: readonly string[];
  /** Counts the decisions about this service; what an older decision still had scheduled is void. */
  round: number;
}

const imageless = 'docker:rancher/none';
const globalLabel = 'io.rancher.scheduler.global';

/** Whether a service of this type ever has containers of its own. */
export function runsContainers(service: ServiceRow): boolean {
  const { type, launchConfig } = service;
  return (type === 'service' || type === 'loadBalancerService') && launchConfig['imageUuid'] !== imageless;
}

export function isGlobal(service: ServiceRow): boolean {
  return labelsOf(service)[globalLabel] === 'true';
}

export function labelsOf(service: ServiceRow): Readonly<Record<string, unknown>> {
  return labelsIn(service.launchConfig);
}

/** The labels of one launch config. */
export function labelsIn(config: Body): Readonly<Record<string, unknown>> {
  const { labels } = config;
  return typeof labels === 'object' && labels !== null ? (labels as Record<string, unknown>) : {};
}

/** The health of a settled service; a simulated load balancer's check never answers (recording b_loadbalancer_service). */
export function settledHealth(service: ServiceRow): string {
  return service.type === 'loadBalancerService' ? 'initializing' : 'healthy';
}
