import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Everything that takes time inside the sandbox: recorded durations, divided by `speed`, gone at once when it closes. */
export class Timeline {
  private readonly speed: number;
  private readonly pending = new Set<NodeJS.Timeout>();
  private isStopped = false;

  constructor(speed: number) {
    this.speed = speed;
  }

  /** Runs `step` after a recorded duration. Never after `stop`. */
  after(recordedMs: number, step: () => void): void {
    if (this.isStopped) return;
    const timer = setTimeout(() => {
      this.pending.delete(timer);
      step();
    }, recordedMs / this.speed);
    this.pending.add(timer);
  }

  /** Runs `step` again and again at a recorded interval until the returned function is called. */
  every(recordedMs: number, step: () => void): () => void {
    const timer = setInterval(step, recordedMs / this.speed);
    this.pending.add(timer);
    return () => {
      clearInterval(timer);
      this.pending.delete(timer);
    };
  }

  stop(): void {
    this.isStopped = true;
    for (const timer of this.pending) clearTimeout(timer);
    this.pending.clear();
  }
}

/**
 * Waits until `performance.now()` reaches the deadline, to a tenth of a millisecond: timers count whole milliseconds and would turn 1.3
 * into 2, and the benchmark's floor is made of such waits. So what is left of the last one is waited turn by turn. No more than
 * that: whoever is measured beside the sandbox would lack the processor that it takes.
 */
export async function waitUntil(deadlineMs: number): Promise<void> {
  const leftMs = deadlineMs - performance.now();
  if (leftMs >= 1) await sleep(Math.floor(leftMs));
  while (performance.now() < deadlineMs) await nextTurn();
}
