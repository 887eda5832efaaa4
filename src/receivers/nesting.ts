/** How many levels of what lies in Rancher are read. Ours go four levels deep. */
export const deepestNesting = 64;

/**
 * Whether a value is nested deeper. What walks through one, `JSON.stringify` among it, ends with the stack: in the change
 * stream's handler, where anybody with access to the environment could so end the process.
 */
export function isNestedTooDeep(value: unknown): boolean {
  return isNestedDeeper(value, deepestNesting);
}

function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isNestedDeeper(part, levels - 1));
}
