/** Labels that must all be there; an empty value stands for any. */
export type LabelSelector = Readonly<Record<string, string>>;

/**
 * Whether `labels` carry everything the selector names: keys and values without regard to case, an empty value is any
 * (the old service's rule since v0.9.14). An empty selector matches nothing: in the old service it matched every service.
 */
export function matchesLabels(selector: LabelSelector, labels: unknown): boolean {
  const wanted = Object.entries(selector);
  if (wanted.length === 0 || typeof labels !== 'object' || labels === null) return false;
  const carried = new Map<string, string[]>();
  for (const [key, value] of Object.entries(labels)) {
    // Rancher keeps numbers and booleans as they came in a launch config; anything else is no label.
    if (!['string', 'number', 'boolean'].includes(typeof value)) continue;
    const name = key.toLowerCase();
    carried.set(name, [...(carried.get(name) ?? []), String(value).toLowerCase()]);
  }
  return wanted.every(([key, value]) => {
    const values = carried.get(key.toLowerCase());
    return values !== undefined && (value === '' || values.includes(value.toLowerCase()));
  });
}
