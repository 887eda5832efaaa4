import { isMap } from '../body.ts';
import type { Body } from '../body.ts';

const defaults = {
  instanceTriggeredStop: 'stop',
  kind: 'container',
  networkMode: 'managed',
  privileged: false,
  publishAllPorts: false,
  readOnly: false,
  runInit: false,
  startOnCreate: true,
  stdinOpen: false,
  system: false,
  tty: false,
  version: '0',
  vcpu: 1,
  drainTimeoutMs: 0,
} as const;

/** A launch config with what Rancher fills in on create (recording b_selector_only_service_create). */
export function filledLaunchConfig(given: unknown): Body {
  return isMap(given) ? { ...defaults, ...given, type: 'launchConfig' } : { type: 'launchConfig' };
}

/** Sidekicks, filled likewise; none at all is null on create (recording b_service_create_agent_labels). */
export function filledSidekicks(given: unknown): readonly Body[] | null {
  if (!Array.isArray(given)) return null;
  // Only the primary one is given a time to drain (recording c_upgrade_secondary_unknown_name).
  const { drainTimeoutMs: _drain, ...sidekickDefaults } = defaults;
  return given.filter(isMap).map((config) => ({ ...sidekickDefaults, ...config, type: 'secondaryLaunchConfig' }));
}
