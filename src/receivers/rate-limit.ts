/** A token bucket: `perSecond` on average, as many at once. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #refilledAtMs: number;

  constructor(perSecond: number, nowMs: () => number) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#tokens = perSecond;
    this.#refilledAtMs = nowMs();
  }

  /** A token that was not needed after all. */
  giveBack(): void {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + 1);
  }

  /** Takes one token when there is one. */
  take(): boolean {
    const nowMs = this.#nowMs();
    const gained = ((nowMs - this.#refilledAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    this.#refilledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
