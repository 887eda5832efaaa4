/**
 * Label by which a machine of ours is recognised: `<item>.<n>`. Rancher ignores a client's uuid and accepts duplicate
 * hostnames, so nothing else tells whether a create whose answer was lost has been done (old-service-measured).
 */
export const markerLabel = 'receiver-hooks.change';
/** Membership of the hosts that a receiver with a template and without a selector makes. */
export const poolLabel = 'receiver-hooks.pool';
/** Labels that the agent of each host writes about its own machine. */
export const agentLabelPrefix = 'io.rancher.host.';

/** The labels a clone takes over: without what the base's agent wrote and without the base's own marker. */
export function labelsForClone(labels: Readonly<Record<string, string>> | null | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels ?? {}).filter(([key]) => key !== markerLabel && !key.startsWith(agentLabelPrefix)),
  );
}
