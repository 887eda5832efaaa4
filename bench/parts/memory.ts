import { atMost } from './figure.ts';
import type { Figure } from './figure.ts';
import { median } from './statistics.ts';

const mostGrownMib = 10;

/**
 * Whether memory stays flat while the same is done again and again: the last third of the readings against the middle one. The
 * first third is left out, because a process takes what it needs for its work then, and keeps it.
 */
export function flatMemory(what: string, residentMib: readonly number[]): Figure {
  const third = Math.floor(residentMib.length / 3);
  const middle = residentMib.slice(-2 * third, -third);
  const last = residentMib.slice(-third);
  const remark = `MiB after each: ${residentMib.map((mib) => mib.toFixed(0)).join(', ')}`;
  return atMost({ what: `${what}: resident memory grown by`, remark }, median(last) - median(middle), {
    bound: mostGrownMib,
    digits: 0,
    unit: ' MiB',
  });
}
