import { atMost } from './figure.ts';
import type { Figure } from './figure.ts';
import { readLiveHeapMib } from './live-heap.ts';
import type { ServiceProcess } from './service-process.ts';
import { median } from './statistics.ts';

const mostGrownMib = 2;

export interface MemoryReading {
  readonly residentMib: number;
  readonly liveHeapMib: number;
}

/** What the process holds at the moment, and what of it lives. */
export async function readMemory(service: ServiceProcess, inspectPort: number): Promise<MemoryReading> {
  return { residentMib: await service.readResidentMib(), liveHeapMib: await readLiveHeapMib(inspectPort) };
}

/**
 * Whether memory stays flat while the same is done again and again: the last third of the readings against the middle one, of what
 * lives on the heap, because what is resident depends on when a busy machine let the process collect its garbage. The first third
 * is left out: a process takes what it needs for its work then, and keeps it.
 */
export function flatMemory(what: string, readings: readonly MemoryReading[]): Figure {
  const third = Math.floor(readings.length / 3);
  const live = readings.map(({ liveHeapMib }) => liveHeapMib);
  const list = (values: readonly number[], digits: number): string =>
    values.map((value) => value.toFixed(digits)).join(', ');
  const resident = readings.map(({ residentMib }) => residentMib);
  return atMost(
    {
      what: `${what}: live heap grown by`,
      remark: `MiB after each: ${list(live, 1)}; resident before: ${list(resident, 0)}`,
    },
    median(live.slice(-third)) - median(live.slice(-2 * third, -third)),
    { bound: mostGrownMib, digits: 1, unit: ' MiB' },
  );
}
