/** What the doctor found at one point. `warning`: it works, but the operator should know. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed';
  /** One line, without a secret. */
  readonly message: string;
  /** Set unless `ok`. */
  readonly remedy?: string;
}

/** A point that is as it should be. */
export function ok(check: string, message: string): Finding {
  return { check, state: 'ok', message };
}

/** A point to know of. */
export function warning(check: string, message: string, remedy: string): Finding {
  return { check, state: 'warning', message, remedy };
}

/** A point that keeps the service from doing its job. */
export function failed(check: string, message: string, remedy: string): Finding {
  return { check, state: 'failed', message, remedy };
}
