/** A Rancher API resource, raw and whole. Fields a caller reads are declared below; the rest travels along untouched. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly kind?: string;
  readonly name?: string | null;
  readonly state?: string;
  readonly transitioning?: 'yes' | 'no' | 'error';
  readonly transitioningMessage?: string | null;
  readonly accountId?: string;
  readonly created?: string;
  readonly actions?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface LaunchConfig {
  readonly imageUuid?: string | null;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly version?: string;
  readonly name?: string;
  readonly [field: string]: unknown;
}

/** `service`, `loadBalancerService`, `externalService`, `dnsService`, … (`type` tells). */
export interface Service extends Resource {
  /** The wanted number of containers. Decide on this one: `currentScale` goes stale (recording c_stale_currentscale_after_upgrade_fixed_by_put). */
  readonly scale?: number | null;
  readonly currentScale?: number | null;
  readonly scalePolicy?: object | null;
  readonly launchConfig?: LaunchConfig | null;
  readonly secondaryLaunchConfigs?: readonly LaunchConfig[] | null;
  readonly instanceIds?: readonly string[] | null;
  readonly stackId?: string;
  readonly healthState?: string;
}

export interface GenericObject extends Resource {
  readonly key?: string | null;
  readonly resourceData?: Readonly<Record<string, unknown>> | null;
}

export interface Host extends Resource {
  readonly hostname?: string | null;
  /** The machine driver that made it; empty for custom hosts, and absent for an agent's key (recording f_host_get_as_environment_agent_key). */
  readonly driver?: string | null;
  readonly hostTemplateId?: string | null;
  /** Milliseconds since the epoch. */
  readonly createdTS?: number;
  readonly labels?: Readonly<Record<string, string>> | null;
}

export interface Project extends Resource {}

export interface RancherSchema {
  readonly id: string;
  readonly collectionMethods?: readonly string[] | null;
  readonly resourceMethods?: readonly string[] | null;
}
