import { Pool } from 'pg';
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { countWith, type TriggerRateCounter } from './trigger-rates.ts';

/** Counts in the PostgreSQL that the store has brought up to date, for all replicas together. */
export function openPostgresTriggerRates(url: string): TriggerRateCounter {
  const pool = new Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 5_000 });
  // Without a listener a broken idle connection would end the process; the next trigger makes another.
  pool.on('error', () => undefined);
  return {
    take: countWith(
      (options) =>
        new RateLimiterPostgres({ ...options, storeClient: pool, tableName: 'trigger_rates', tableCreated: true }),
    ),
    close: () => pool.end(),
  };
}
