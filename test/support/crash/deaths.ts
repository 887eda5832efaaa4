import type { Step } from '../../../src/executions/lane-context.ts';
import type { Fault, FaultRule } from '../../../src/sandbox/faults.ts';

/** The moment at which the process kills itself: at which step, and at which occurrence of it (from 1). */
export interface Death {
  readonly step: Step;
  readonly occurrence: number;
}

/** One way to die at a step. */
interface WayToDie {
  readonly occurrence: number;
  /** How many triggers go one after another before the others go together; unless said, one for each occurrence before the deadly one. */
  readonly alone?: number;
  /** Earlier lives that ended, too: some steps are only reached by a process that finds what a dead one has left. */
  readonly after?: readonly Death[];
  /** What Rancher does meanwhile, so that the step is reached at all. */
  readonly fault?: FaultRule;
}

/** Every step there is, and how a driver's executions die at it, or why they never reach it: a new step does not compile without. */
export type DeathTable = Readonly<Record<Step, readonly WayToDie[] | { readonly never: string }>>;

/** What a service has to live through. */
export interface Ordeal {
  readonly when: string;
  readonly engine: 'SQLite' | 'PostgreSQL';
  readonly deaths: readonly Death[];
  /** See `WayToDie`. */
  readonly alone: number;
  readonly faults: readonly FaultRule[];
}

// `CRASHES=all` in `npm run soak`.
const isAllOnBoth = process.env['CRASHES'] === 'all';

/** Each way to die on SQLite; on PostgreSQL those at the `sampled` steps, or all of them in the soak. */
export function ordealsOf(table: DeathTable, { sampled }: { readonly sampled: readonly Step[] }): readonly Ordeal[] {
  const all = Object.entries(table).flatMap(([name, ways]) => {
    const step = name as Step;
    if ('never' in ways) return [];
    return ways.map(({ occurrence, alone, after = [], fault }) => ({
      step,
      alone: alone ?? (after[0]?.occurrence ?? occurrence) - 1,
      when: nameOf(step, { occurrence, after, ...(fault === undefined ? {} : { fault }) }),
      deaths: [...after, { step, occurrence }],
      faults: fault === undefined ? [] : [fault],
    }));
  });
  const onPostgres = all.filter(({ step }) => isAllOnBoth || sampled.includes(step));
  return [
    ...all.map(({ step: _step, ...ordeal }) => ({ ...ordeal, engine: 'SQLite' as const })),
    ...onPostgres.map(({ step: _step, ...ordeal }) => ({ ...ordeal, engine: 'PostgreSQL' as const })),
  ];
}

function nameOf(step: Step, { occurrence, after = [], fault }: WayToDie): string {
  const before = after.map((death) => `, after ${death.step}`).join('');
  return `${step} (${String(occurrence)}${before}${fault === undefined ? '' : `, ${toldFault(fault.fault)}`})`;
}

function toldFault(fault: Fault): string {
  if (fault.kind === 'late') return 'request late';
  if (fault.kind === 'reset') return fault.when === 'after-acting' ? 'reply lost' : 'request lost';
  return fault.kind;
}
