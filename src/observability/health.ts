import { hasCode } from '../domain/errors.ts';

/**
 * What one check found. `ok`: as it should be. `warning`: the service can work, but the operator should know.
 * `failed`: it cannot do its job.
 */
interface CheckResult {
  readonly state: 'ok' | 'warning' | 'failed';
  readonly message: string;
}

export interface HealthCheck {
  /** Shown in `/readyz`: `store`, `rancher`. */
  readonly name: string;
  /** May throw: then the check has failed, and the error's message is the reason. */
  look(): Promise<CheckResult>;
}

interface NamedResult extends CheckResult {
  readonly name: string;
}

interface HealthReport {
  readonly isReady: boolean;
  readonly checks: readonly NamedResult[];
}

export interface Health {
  /** Looks at everything; within `maxAgeMs` it repeats the last report, and simultaneous callers share one look. Never throws. */
  report(): Promise<HealthReport>;
}

export interface HealthOptions {
  /** Default 2,000: a storm of `/readyz` costs Rancher one look in two seconds. */
  readonly maxAgeMs?: number;
  /** A check that takes longer has failed. Default 3,000. */
  readonly timeoutMs?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Readiness from named checks. */
export function createHealth(checks: readonly HealthCheck[], options: HealthOptions = {}): Health {
  const { maxAgeMs = 2_000, timeoutMs = 3_000, now = () => performance.now() } = options;
  let last: { readonly atMs: number; readonly report: Promise<HealthReport> } | undefined;

  async function lookAtAll(): Promise<HealthReport> {
    const results = await Promise.all(checks.map((check) => lookAt(check, timeoutMs)));
    return { isReady: results.every((result) => result.state !== 'failed'), checks: results };
  }

  return {
    report() {
      if (last === undefined || now() - last.atMs >= maxAgeMs) last = { atMs: now(), report: lookAtAll() };
      return last.report;
    },
  };
}

/** Looks once and writes a line for each check that is not as it should be; who never asks `/readyz` learns it from the log. */
export async function tellTroubles(
  health: Health,
  log: { warn(facts: object, message: string): void; error(facts: object, message: string): void },
): Promise<void> {
  const { checks } = await health.report();
  for (const { name, state, message } of checks) {
    const facts = { check: name, reason: message };
    if (state === 'failed') log.error(facts, 'not able to work');
    if (state === 'warning') log.warn(facts, 'able to work, but look at this');
  }
}

async function lookAt(check: HealthCheck, timeoutMs: number): Promise<NamedResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(
      () => resolve({ state: 'failed', message: `no answer within ${String(timeoutMs)} ms` }),
      timeoutMs,
    );
  });
  try {
    return { name: check.name, ...(await Promise.race([check.look(), timeout])) };
  } catch (error) {
    // Only our own messages are known to hold no secret and no address.
    const message = hasCode(error) ? error.message : 'the check itself failed; see the log';
    return { name: check.name, state: 'failed', message };
  } finally {
    clearTimeout(timer);
  }
}

/** The store answers and can be written to. `ping` throws when it does not, or cannot. */
export function storeCheck(ping: () => Promise<void>): HealthCheck {
  return {
    name: 'store',
    async look() {
      await ping();
      return { state: 'ok', message: 'the store answers' };
    },
  };
}

/** Rancher answers and takes our key. `identify` throws RANCHER_UNAVAILABLE or RANCHER_UNAUTHORIZED. */
export function rancherCheck(identify: () => Promise<{ readonly accountKind: string }>): HealthCheck {
  return {
    name: 'rancher',
    async look() {
      const { accountKind } = await identify();
      // With access control off Rancher takes any key, a wrong one too, for the admin's (recording g_wrong_key_auth_off).
      if (accountKind === 'admin') {
        return {
          state: 'warning',
          message:
            'Rancher takes us for its admin: either the key is an admin key or access control is off; use an environment API key and switch access control on',
        };
      }
      if (accountKind === 'environment') {
        return { state: 'ok', message: 'Rancher accepts the environment agent key, which cannot create hosts' };
      }
      return { state: 'ok', message: `Rancher accepts the key (account kind ${accountKind})` };
    },
  };
}

/**
 * Whether host receivers have a key that may create hosts. Everything else works without one, so it never makes us unready.
 * `projectsWithout` answers the environments that have such receivers and no such key; it throws while Rancher is away.
 */
export function hostKeyCheck(projectsWithout: () => Promise<readonly string[]>): HealthCheck {
  return {
    name: 'host-key',
    async look() {
      let without: readonly string[];
      try {
        without = await projectsWithout();
      } catch (error) {
        if (!hasCode(error)) throw error;
        return { state: 'warning', message: `not known: ${error.message}` };
      }
      if (without.length === 0) return { state: 'ok', message: 'no host receiver lacks a key' };
      const message = `no key may create hosts in ${without.join(', ')}, whose host receivers fail; set CATTLE_HOST_ACCESS_KEY and CATTLE_HOST_SECRET_KEY to an environment API key`;
      return { state: 'warning', message };
    },
  };
}

/**
 * Whether Rancher's change stream is heard. Without it triggers still work, each by its own look-up, so it never makes us
 * unready. `silentForMs` is Infinity while not connected; undefined means that nothing is watched yet.
 */
export function changeStreamCheck(silentForMs: () => number | undefined, longestSilenceMs = 15_000): HealthCheck {
  return {
    name: 'change-stream',
    look() {
      const silenceMs = silentForMs();
      if (silenceMs === undefined) return Promise.resolve({ state: 'ok', message: 'nothing is watched yet' });
      if (silenceMs <= longestSilenceMs) return Promise.resolve({ state: 'ok', message: 'changes arrive' });
      const message =
        silenceMs === Infinity
          ? "not connected to Rancher's change stream; receivers are looked up one by one"
          : `nothing heard for ${String(Math.round(silenceMs / 1000))} s; receivers are looked up one by one`;
      return Promise.resolve({ state: 'warning', message });
    },
  };
}
