import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figure.ts';
import { median } from './statistics.ts';

const file = new URL('../README.md', import.meta.url);

/** The figures as a Markdown table under one line that says what they were measured on. */
export function toMarkdown(figures: readonly Figure[], conditions: string): string {
  const rows = figures.map(({ what, value, toReach = '', isReached, remark = '' }) => {
    const verdict = isReached === undefined ? '' : isReached ? 'yes' : '**no**';
    return `| ${[what, value, toReach, verdict, remark].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    conditions,
    '',
    '| what | figure | to reach | reached | remarks |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** What to know of the machine: cores, Node, what else it was doing, and what a durable commit costs at least. */
export function describeConditions(loadBefore: number): string {
  const flushMs = measureDiskFlushMs().toFixed(2);
  const load = `load average ${loadBefore.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after`;
  return `${String(availableParallelism())} cores, Node ${process.versions.node}; ${load}; one flush to the disk took ${flushMs} ms (median).`;
}

/** Replaces what stands between `<!-- <section> -->` and `<!-- /<section> -->` in `bench/README.md`. Throws when the marks are not there. */
export function writeSection(section: string, markdown: string): void {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- ${section} -->`, `<!-- /${section} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`bench/README.md has no place for ${section}`);
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${markdown}\n\n${text.slice(to)}`);
}

function measureDiskFlushMs(): number {
  const directory = mkdtempSync(join(tmpdir(), 'receiver-hooks-bench-'));
  const descriptor = openSync(join(directory, 'flushed'), 'w');
  const page = Buffer.alloc(4096, 1);
  const times = Array.from({ length: 50 }, () => {
    const startedMs = performance.now();
    writeSync(descriptor, page);
    fdatasyncSync(descriptor);
    return performance.now() - startedMs;
  });
  closeSync(descriptor);
  rmSync(directory, { recursive: true, force: true });
  return median(times);
}
