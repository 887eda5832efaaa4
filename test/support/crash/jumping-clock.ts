import { readFileSync } from 'node:fs';

// Loaded first by every thread of a service: somebody sets the machine's clock, and the process sees it (Date), while the time that
// has passed (performance) goes on as before. By how many milliseconds it was set stands in the file that CLOCK_FILE names.
export interface JumpingClock {
  readonly CLOCK_FILE: string;
}

const file = process.env['CLOCK_FILE'] ?? '';
const RealDate = Date;
const setByMs = (): number => Number(readFileSync(file, 'utf8'));

class JumpingDate extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [JumpingDate.now()] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() + setByMs();
  }
}

globalThis.Date = JumpingDate as DateConstructor;
