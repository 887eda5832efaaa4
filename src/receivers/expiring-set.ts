/** Names that are remembered for a while; the oldest is forgotten when there are too many, so strangers cannot fill the memory. */
export class ExpiringSet {
  readonly #expiresAtMs = new Map<string, number>();
  readonly #ttlMs: number;
  readonly #most: number;
  readonly #nowMs: () => number;

  constructor(options: { readonly ttlMs: number; readonly most: number; readonly nowMs: () => number }) {
    this.#ttlMs = options.ttlMs;
    this.#most = options.most;
    this.#nowMs = options.nowMs;
  }

  add(name: string): void {
    this.#expiresAtMs.delete(name);
    this.#expiresAtMs.set(name, this.#nowMs() + this.#ttlMs);
    const [oldest] = this.#expiresAtMs.keys();
    if (this.#expiresAtMs.size > this.#most && oldest !== undefined) this.#expiresAtMs.delete(oldest);
  }

  has(name: string): boolean {
    const expiresAtMs = this.#expiresAtMs.get(name);
    if (expiresAtMs === undefined) return false;
    if (expiresAtMs > this.#nowMs()) return true;
    this.#expiresAtMs.delete(name);
    return false;
  }

  delete(name: string): void {
    this.#expiresAtMs.delete(name);
  }
}
