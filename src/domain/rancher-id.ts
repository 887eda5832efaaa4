/** An id as Rancher spells one of whatever kind: a prefix that says of what, and a number (`1a5`, `1s7`, `1go3`). */
export function isRancherId(text: string): boolean {
  return /^1[a-z]{1,8}\d{1,18}$/.test(text);
}
