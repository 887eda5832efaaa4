/** What goes wrong with a call. "Acting" is reading or changing the stored resources. */
export type Fault =
  | { readonly kind: 'delay'; readonly ms: number; readonly when: When }
  /** The connection breaks off instead of an answer. */
  | { readonly kind: 'reset'; readonly when: When }
  | { readonly kind: 'status'; readonly status: number; readonly when: When; readonly retryAfterSeconds?: number }
  /** 409, nothing changed. */
  | { readonly kind: 'conflict' }
  /** The connection breaks off at once, and the write still lands later. */
  | { readonly kind: 'late'; readonly afterMs: number }
  /** Never answered, never acted on. */
  | { readonly kind: 'hang' };

type When = 'before-acting' | 'after-acting';

export interface FaultRule {
  readonly method?: string;
  /** Tried on path and query. */
  readonly path?: RegExp;
  /** How many calls it hits; 1 unless given, Infinity for all. */
  readonly times?: number;
  readonly fault: Fault;
}

/** Faults to come, and whether the server is there at all. */
export interface Faults {
  /** The first rule that fits a call and is not used up hits it. */
  add(rule: FaultRule): void;
  clear(): void;
  /** Refuses connections: closes the port and every connection, change streams included. */
  goAway(): Promise<void>;
  /** Listens again on the same port. */
  comeBack(): Promise<void>;
}

/** The rules of a running sandbox. */
export class FaultRules {
  private readonly rules: { readonly rule: FaultRule; left: number }[] = [];

  add(rule: FaultRule): void {
    this.rules.push({ rule, left: rule.times ?? 1 });
  }

  clear(): void {
    this.rules.length = 0;
  }

  /** The fault that hits this call, counted as used. */
  hit(method: string, path: string): Fault | undefined {
    const index = this.rules.findIndex(
      ({ rule }) => (rule.method ?? method) === method && (rule.path?.test(path) ?? true),
    );
    const found = this.rules[index];
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.rules.splice(index, 1);
    return found.rule.fault;
  }
}
