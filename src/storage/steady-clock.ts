// While it catches up with the machine's clock, it runs by at most this share faster or slower than time passes.
const catchUpShare = 0.1;

interface Clocks {
  /** Milliseconds since 1970; somebody may set it. */
  readonly wallMs: () => number;
  /** Milliseconds since any moment; only goes forward. */
  readonly monotonicMs: () => number;
}

const machineClocks: Clocks = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/**
 * Milliseconds since 1970 by a clock that neither jumps nor goes back. It runs with the process's monotonic clock, and after
 * somebody has set the machine's it follows bit by bit, an hour within ten: a deadline must not pass, nor a seen event be
 * forgotten, because the time was corrected.
 */
export function createSteadyClock({ wallMs, monotonicMs }: Clocks = machineClocks): () => number {
  let nowMs = wallMs();
  let lookedAtMs = monotonicMs();
  return () => {
    const passedMs = monotonicMs() - lookedAtMs;
    lookedAtMs += passedMs;
    const aheadMs = wallMs() - nowMs - passedMs;
    const mostMs = passedMs * catchUpShare;
    nowMs += passedMs + Math.max(-mostMs, Math.min(mostMs, aheadMs));
    return nowMs;
  };
}
