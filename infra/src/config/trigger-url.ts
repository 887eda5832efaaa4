/** Which way an alarm scales its pool. */
export type Direction = 'up' | 'down';

/** The Terraform variable that holds the trigger URL of a pool's alarm; Terraform reads it from `TF_VAR_<name>`. */
export function triggerUrlVariable(pool: string, direction: Direction): string {
  return `trigger_url_${pool.replaceAll('-', '_')}_${direction}`;
}
