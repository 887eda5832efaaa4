/** Labels that a host must all carry, each with exactly this value. */
export type HostSelector = Readonly<Record<string, string>>;

type Labels = Readonly<Record<string, unknown>> | null | undefined;

/**
 * Whether `labels` satisfy every entry of `selector`. An empty selector matches nothing: it would otherwise be every host
 * of the environment. (The old service compared only one label, chosen at random; old-service-measured, scaleHost.)
 */
export function matchesAllLabels(selector: HostSelector, labels: Labels): boolean {
  const entries = Object.entries(selector);
  return (
    entries.length > 0 &&
    entries.every(([key, value]) => labels !== null && labels !== undefined && labels[key] === value)
  );
}

/** A selector as the old service writes it into its messages: `map[tier:web]`, keys in order (recording execute.json). */
export function describeSelector(selector: HostSelector): string {
  const pairs = Object.entries(selector)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}:${value}`);
  return `map[${pairs.join(' ')}]`;
}
