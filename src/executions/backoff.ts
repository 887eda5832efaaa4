/**
 * The pause before attempt `attempt` (from 1): doubles up to the longest, with jitter over its upper half, so that several
 * lanes and replicas do not come back to a Rancher that has just returned in the same instant. `random` is in [0, 1).
 */
export function backoffMs(
  attempt: number,
  bounds: { readonly firstMs: number; readonly longestMs: number },
  random: number,
): number {
  const full = Math.min(bounds.longestMs, bounds.firstMs * 2 ** Math.min(attempt - 1, 30));
  return full / 2 + (full / 2) * random;
}
