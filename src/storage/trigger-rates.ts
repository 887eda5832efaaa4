import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { ServiceError } from '../domain/errors.ts';

/** So many triggers in so many seconds. */
interface TriggerRate {
  readonly triggers: number;
  readonly perSeconds: number;
}

export interface TriggerRateCounter {
  take(receiver: string, limit: TriggerRate): Promise<{ readonly waitMs: number } | undefined>;
  close(): Promise<void>;
}

// Each pair of figures has a counter of its own; owners choose few different ones.
const mostCounters = 500;

/** Counts in this process: right for the one process that a SQLite installation is. */
export function createMemoryTriggerRates(): TriggerRateCounter {
  return {
    take: countWith((options) => new RateLimiterMemory(options)),
    close: () => Promise.resolve(),
  };
}

interface CounterOptions {
  readonly points: number;
  readonly duration: number;
  readonly keyPrefix: string;
}

/** Counts with one of the library's limiters for each pair of figures. */
export function countWith(
  open: (options: CounterOptions) => RateLimiterAbstract,
): (receiver: string, limit: TriggerRate) => Promise<{ readonly waitMs: number } | undefined> {
  const counters = new Map<string, RateLimiterAbstract>();
  const counterOf = (limit: TriggerRate): RateLimiterAbstract => {
    const keyPrefix = `${String(limit.triggers)}in${String(limit.perSeconds)}`;
    const known = counters.get(keyPrefix);
    if (known !== undefined) return known;
    const opened = open({ points: limit.triggers, duration: limit.perSeconds, keyPrefix });
    counters.set(keyPrefix, opened);
    const [oldest] = counters.keys();
    if (counters.size > mostCounters && oldest !== undefined) counters.delete(oldest);
    return opened;
  };
  return async (receiver, limit) => {
    try {
      await counterOf(limit).consume(receiver);
      return undefined;
    } catch (error) {
      if (error instanceof RateLimiterRes) return { waitMs: error.msBeforeNext };
      throw new ServiceError('STORE_UNAVAILABLE', 'triggers cannot be counted just now', { cause: error });
    }
  };
}
