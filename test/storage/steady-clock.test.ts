import { describe, expect, it } from '@jest/globals';
import { createSteadyClock } from '../../src/storage/steady-clock.ts';

const hour = 3_600_000;

/** A clock under test, and the two it goes by. */
function clocks() {
  const machine = { wallMs: 1_700_000_000_000, monotonicMs: 5_000 };
  const now = createSteadyClock({ wallMs: () => machine.wallMs, monotonicMs: () => machine.monotonicMs });
  return {
    now,
    pass: (ms: number): void => {
      machine.wallMs += ms;
      machine.monotonicMs += ms;
    },
    set: (byMs: number): void => {
      machine.wallMs += byMs;
    },
    lag: () => machine.wallMs - now(),
  };
}

describe('storage/steady-clock', () => {
  it("shows the machine's time, and goes with it", () => {
    const { now, pass } = clocks();

    expect(now()).toBe(1_700_000_000_000);
    pass(1_234);
    expect(now()).toBe(1_700_000_001_234);
  });

  it.each([hour, -hour, 300])('does not jump when the machine is set by %d ms', (byMs) => {
    const { now, pass, set } = clocks();
    const before = now();

    set(byMs);
    expect(now()).toBe(before);
    pass(1_000);
    expect(Math.abs(now() - before - 1_000)).toBeLessThanOrEqual(100);
  });

  it.each([hour, -hour])('has caught up with a clock set by %d ms after ten hours, and stays with it', (byMs) => {
    const { pass, set, lag } = clocks();
    set(byMs);

    for (let minute = 0; minute < 600; minute += 1) {
      pass(60_000);
      lag();
    }
    expect(lag()).toBeCloseTo(0, 0);
    pass(60_000);
    expect(lag()).toBeCloseTo(0, 0);
  });

  it('never goes back', () => {
    const { now, pass, set } = clocks();
    set(-hour);

    const seen = Array.from({ length: 1_000 }, () => {
      pass(1);
      return now();
    });

    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
  });
});
