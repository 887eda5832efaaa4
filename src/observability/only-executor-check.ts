import type { HealthCheck } from './health.ts';

/** Another installation, as the operator can find it. */
interface Other {
  readonly projectId: string;
  readonly version: string;
  readonly host: string;
}

/** Who executes in our environments besides us. */
export interface OtherExecutors {
  readonly live: readonly Other[];
  /** Of these it is not known yet whether they live. */
  readonly undecided: readonly Other[];
  readonly oldServiceIn: readonly string[];
  readonly unknown?: string;
}

/**
 * Whether we are the only installation that executes in our environments. A second one cannot be excluded by us, and steps
 * of both get lost on the same target, so both are unready until one is stopped.
 */
export function onlyExecutorCheck(executors: () => OtherExecutors): HealthCheck {
  return {
    name: 'only-executor',
    look() {
      const { live, undecided, oldServiceIn, unknown } = executors();
      const found = (state: 'ok' | 'warning' | 'failed', message: string) => Promise.resolve({ state, message });
      if (live.length > 0)
        return found(
          'failed',
          `another installation executes as well: ${live.map(describe).join('; ')}; stop one of them`,
        );
      if (oldServiceIn.length > 0) {
        const message = `Rancher's own webhook service answers as well, for ${oldServiceIn.join(', ')}; let senders call only one of the two, or switch it off (DEFAULT_CATTLE_WEBHOOK_SERVICE_EXECUTE=false)`;
        return found('warning', message);
      }
      if (unknown !== undefined) return found('warning', `not known: ${unknown}`);
      if (undecided.length > 0)
        return found(
          'warning',
          `another installation was here: ${undecided.map(describe).join('; ')}; whether it lives is known within 3 minutes`,
        );
      return found('ok', 'no other installation was seen');
    },
  };
}

function describe({ projectId, version, host }: Other): string {
  return `version ${version} on ${host} in ${projectId}`;
}
