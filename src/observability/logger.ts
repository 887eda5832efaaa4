import type { DestinationStream, Logger } from 'pino';
import { pino, stdTimeFunctions } from 'pino';
import { redact, redactText } from './redaction.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Values that may stand in no line, whatever field or text they come in: our own Rancher key. */
  readonly secrets?: readonly string[];
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** Shorter ones would black out ordinary words. */
const shortestSecret = 8;

/**
 * A logger of JSON lines: ISO time, level by name, a constant message (`msg`), the facts beside it. Secrets are taken out of
 * the facts by field name, and out of the finished line by what they look like, so that a careless message leaks nothing either.
 */
export function createLogger(options: LoggerOptions): Logger {
  const secrets = (options.secrets ?? [])
    .filter((secret) => secret.length >= shortestSecret)
    .map((secret) => JSON.stringify(secret).slice(1, -1));
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (bindings) => redact(bindings) as Record<string, unknown>,
        log: (facts) => redact(facts) as Record<string, unknown>,
      },
      // `redact` has turned errors into plain facts; pino's own serializer would log a `cause` chain unredacted.
      serializers: { err: redact },
      hooks: {
        streamWrite: (line) =>
          secrets.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), redactText(line)),
      },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}
